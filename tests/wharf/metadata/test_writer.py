"""One commit serves all who wait, and each gets an answer of its own."""

import asyncio
import sqlite3
import threading
from contextlib import contextmanager

import pytest

from wharf.metadata.interface import IndexFullError, IndexUnavailableError
from wharf.metadata.writer import Writer


@pytest.fixture
def path(tmp_path):
    connection = sqlite3.connect(tmp_path / "test.db")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, filler BLOB)")
    connection.close()
    return tmp_path / "test.db"


@pytest.fixture
def commits():
    return []


@pytest.fixture
def writer(path, commits):
    def connect():
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        return connection

    writer = Writer(connect)
    writer.start()
    yield writer
    writer.stop()


def insert(number):
    return lambda connection: connection.execute("INSERT INTO t (n) VALUES (?)", (number,)).lastrowid


def rows(path):
    connection = sqlite3.connect(path)
    found = [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]
    connection.close()
    return found


async def test_everybody_gets_the_result_of_his_own_work(writer, path):
    assert await asyncio.gather(*(writer.run(insert(number)) for number in range(1, 50))) == list(range(1, 50))
    assert rows(path) == list(range(1, 50))


async def test_who_is_patient_goes_along_with_others_in_their_order(writer, path, commits):
    patient = [asyncio.create_task(writer.run(insert(number), patience=3600.0)) for number in (1, 2)]
    await asyncio.sleep(0.05)
    assert rows(path) == []
    await writer.run(insert(3))
    await asyncio.gather(*patient)
    assert rows(path) == [1, 2, 3]
    assert len(commits) == 1


async def test_patience_has_an_end_and_work_is_done_once(writer, path, commits):
    assert await writer.run(insert(None), patience=0.01) == 1
    await asyncio.gather(*(writer.run(insert(None), patience=0.002 * number) for number in range(20)))
    await asyncio.sleep(0.05)
    assert rows(path) == list(range(1, 22))
    assert all(not job for job in (writer._patient, writer._queue.qsize()))


async def test_a_patient_caller_that_gave_up_has_nothing_done(writer, path):
    task = asyncio.create_task(writer.run(insert(1), patience=3600.0))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await writer.run(insert(2))
    assert rows(path) == [2]


async def test_what_is_patient_is_done_before_the_end(writer, path):
    task = asyncio.create_task(writer.run(insert(1), patience=3600.0))
    await asyncio.sleep(0)
    writer.stop()
    await task
    assert rows(path) == [1]


async def test_work_that_fails_is_undone_and_takes_nothing_with_it(writer, path):
    def half(connection):
        insert(100)(connection)
        raise KeyError("half done")

    outcomes = await asyncio.gather(
        writer.run(insert(1)), writer.run(half), writer.run(insert(1)), writer.run(insert(2)), return_exceptions=True
    )
    assert outcomes[0] == 1
    assert isinstance(outcomes[1], KeyError)
    assert isinstance(outcomes[2], IndexUnavailableError)
    assert outcomes[3] == 2
    assert rows(path) == [1, 2]


async def occupy(writer):
    """Keep the writer busy until the event is set; the event, and what waits for it."""
    busy, begun = threading.Event(), threading.Event()
    first = asyncio.ensure_future(writer.run(lambda _: (begun.set(), busy.wait(10))))
    await asyncio.sleep(0)
    assert begun.wait(10)
    return busy, first


async def test_who_waits_at_the_same_time_shares_a_commit(writer, commits):
    busy, first = await occupy(writer)
    others = [asyncio.ensure_future(writer.run(insert(number))) for number in range(1, 101)]
    await asyncio.sleep(0)
    busy.set()
    await asyncio.gather(first, *others)
    assert len(commits) == 2


async def test_work_whose_caller_left_before_it_began_is_not_done(writer, path):
    busy, first = await occupy(writer)
    left = asyncio.ensure_future(writer.run(insert(1)))
    await asyncio.sleep(0)
    left.cancel()
    await asyncio.sleep(0)
    busy.set()
    await first
    await writer.run(insert(2))
    assert rows(path) == [2]


async def test_a_full_database_fails_the_group_and_the_writer_goes_on(writer, path):
    await writer.run(lambda connection: connection.execute("PRAGMA max_page_count = 4").fetchall())
    big = lambda connection: connection.execute("INSERT INTO t (filler) VALUES (zeroblob(100000))")  # noqa: E731 - short
    with pytest.raises(IndexFullError):
        await writer.run(big)
    assert await writer.run(insert(1)) == 1
    assert rows(path) == [1]


async def test_stopping_finishes_what_is_queued_and_refuses_what_comes_later(writer, path):
    waiting = [asyncio.ensure_future(writer.run(insert(number))) for number in (1, 2)]
    await asyncio.sleep(0)
    writer.stop()
    assert await asyncio.gather(*waiting) == [1, 2]
    with pytest.raises(IndexUnavailableError):
        await writer.run(insert(3))


async def test_a_turn_that_cannot_be_had_fails_the_group_and_the_writer_goes_on(path):
    refusals = [OSError(37, "No locks available")]

    @contextmanager
    def turn():
        if refusals:
            raise refusals.pop()
        yield

    writer = Writer(lambda: sqlite3.connect(path, isolation_level=None, check_same_thread=False), turn)
    writer.start()
    with pytest.raises(IndexUnavailableError, match="No locks available"):
        await writer.run(insert(1))
    assert await writer.run(insert(1)) == 1
    writer.stop()
