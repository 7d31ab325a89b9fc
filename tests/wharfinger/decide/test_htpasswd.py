"""Lines of the htpasswd file: kept, new, ending."""

import datetime as dt

import pytest

from wharf.auth import htpasswd as wharf_htpasswd
from wharfinger.decide.htpasswd import Line, live, parse, render, renewed, unexpired
from wharfinger.decide.mint import SystemMint

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HASH = "$2b$10$" + "x" * 53


def test_a_file_survives_being_written_and_read():
    lines = [Line("a", HASH), Line("a", HASH, NOW), Line("b", HASH)]
    assert parse(render(lines)) == lines


@pytest.mark.parametrize("row", ["", "a", "a:plain", ":" + HASH, f"a:{HASH}:tomorrow", "# note"])
def test_what_is_not_one_of_our_lines_is_left_out(row):
    assert parse(f"{row}\nb:{HASH}\n") == [Line("b", HASH)]


def test_wharf_reads_what_is_written():
    hashed = SystemMint().hash("p")
    users = wharf_htpasswd.parse(render([Line("a", hashed), Line("a", hashed, NOW)]))
    assert [line.expires for line in users["a"]] == [None, NOW.timestamp()]


def test_only_lines_without_end_are_live():
    assert live([Line("a", HASH), Line("a", HASH, NOW)]) == [Line("a", HASH)]


def test_an_ending_line_stays_until_its_end():
    line = Line("a", HASH, NOW + DAY / 2)
    assert unexpired([line], DAY, NOW) == [line]
    assert unexpired([line], DAY, NOW + DAY / 2) == []


def test_a_shorter_overlap_ends_lines_sooner_and_zero_at_once():
    line = Line("a", HASH, NOW + DAY)
    assert unexpired([line], DAY / 24, NOW) == [Line("a", HASH, NOW + DAY / 24)]
    assert unexpired([line], DAY * 0, NOW) == []


def test_a_line_whose_password_verifies_is_kept(world):
    mint = world().mint
    line = Line("a", mint.hash("right"))
    assert renewed("a", [line], ["right"], mint, NOW) == ([line], [])


def test_a_new_password_gets_a_line_and_the_old_one_an_end(world):
    mint = world().mint
    old = Line("a", mint.hash("old"))
    (kept, ending) = renewed("a", [old], ["new"], mint, NOW + DAY)
    assert mint.verify("new", kept[0].hash)
    assert ending == [Line("a", old.hash, NOW + DAY)]


def test_without_an_end_the_old_line_goes(world):
    mint = world().mint
    assert renewed("a", [Line("a", mint.hash("old"))], ["new"], mint, None)[1] == []


def test_lines_come_in_the_order_of_the_passwords(world):
    mint = world().mint
    first, second = Line("a", mint.hash("1")), Line("a", mint.hash("2"))
    assert renewed("a", [first, second], ["2", "1"], mint, NOW)[0] == [second, first]
