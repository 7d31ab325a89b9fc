"""Settings outlive the process and reach others."""

from wharf.metadata.sqlite_settings import SqliteSettings


async def test_settings_are_there_after_a_restart_and_for_other_processes(open_index):
    one, two = open_index(), open_index()
    await SqliteSettings(one).put({"a": "1"})
    assert await SqliteSettings(two).get("a") == "1"
    one.close()
    assert await SqliteSettings(open_index()).get("a") == "1"
