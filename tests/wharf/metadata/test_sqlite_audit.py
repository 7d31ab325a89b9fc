"""A database that contradicts itself says so."""

from wharf.metadata.sqlite_audit import SqliteAudit


async def test_rows_that_point_nowhere_are_told_once(open_index, clock):
    index = open_index()

    def damage(connection):
        connection.execute("PRAGMA foreign_keys = OFF")
        for repository in (1, 2):
            connection.execute("INSERT INTO hold (repository_id, blob_id, touched) VALUES (?, 9, 0)", (repository,))

    connection = index._connections.writer()
    damage(connection)
    connection.close()
    assert await SqliteAudit(index, clock).unsound() == [
        "a row of hold points at no blob",
        "a row of hold points at no repository",
    ]
