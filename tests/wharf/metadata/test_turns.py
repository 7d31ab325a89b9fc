"""Processes that write take turns."""

import subprocess
import sys
import time

import pytest

from wharf.metadata.turns import Turns

BUSY = """
import sys, time
from pathlib import Path
from wharf.metadata.turns import Turns
turns = Turns(Path(sys.argv[1]))
turns.open()
print("open", flush=True)
while True:
    with turns.taken():
        time.sleep(0.001)
"""


@pytest.fixture
def turns(tmp_path):
    turns = Turns(tmp_path / "index.db")
    turns.open()
    yield turns
    turns.close()


def test_one_has_the_turn_at_a_time(turns, tmp_path):
    other = Turns(tmp_path / "index.db")
    other.open()
    order = []
    with turns.taken():
        order.append("first")
    with other.taken():
        order.append("second")
    other.close()
    assert order == ["first", "second"]


def test_a_writer_that_is_always_busy_starves_nobody(turns, tmp_path):
    with subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path / "index.db")], stdout=subprocess.PIPE) as busy:
        assert busy.stdout.readline() == b"open\n"
        longest = 0.0
        for _ in range(100):
            begin = time.monotonic()
            with turns.taken():
                longest = max(longest, time.monotonic() - begin)
        busy.kill()
    assert longest < 1.0


def test_the_turn_of_a_writer_that_is_killed_ends(turns, tmp_path):
    with subprocess.Popen([sys.executable, "-c", BUSY, str(tmp_path / "index.db")], stdout=subprocess.PIPE) as busy:
        assert busy.stdout.readline() == b"open\n"
        busy.kill()
    with turns.taken():
        pass


def test_a_turn_whose_work_fails_ends(turns, tmp_path):
    with pytest.raises(KeyError), turns.taken():
        raise KeyError
    with turns.taken():
        pass
