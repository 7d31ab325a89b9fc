"""Whose turn it is, by what was seen of the others and of the lock."""

import msgspec
import pytest

from wharf.standby.turn import BEAT, PATIENCE, SILENCE, UNREADABLE, Entry, Turn, Verdict, lost, reached_at, unready

ACTIVE = Entry("10.0.0.1:5000", "a", "one", 5)


def beaten(entry, beats=1):
    return msgspec.structs.replace(entry, beat=entry.beat + beats)


def released(entry):
    return msgspec.structs.replace(entry, released=True)


@pytest.fixture
def turn():
    return Turn("b", "10.0.0.2:5000")


def test_what_nobody_holds_or_was_let_go_of_is_opened_at_once(turn):
    assert turn.given(None, 1) is Verdict.OPEN
    assert turn.given(released(ACTIVE), 2) is Verdict.OPEN


def test_the_same_pod_started_again_need_not_wait_for_itself():
    assert Turn("a", "10.0.0.1:5000").given(ACTIVE, 1) is Verdict.OPEN
    assert Turn("a").given(ACTIVE, 1) is Verdict.OPEN  # a command in this pod
    assert Turn("a", "10.0.0.9:5000").given(ACTIVE, 1) is Verdict.WAIT


def test_one_that_refused_for_long_is_known_to_be_gone_when_it_no_longer_does(turn):
    turn.refused(ACTIVE, 0)
    turn.refused(beaten(ACTIVE), SILENCE)
    assert turn.given(beaten(ACTIVE), SILENCE + 0.2) is Verdict.OPEN


def test_one_that_has_not_refused_for_long_must_be_silent_first(turn):
    turn.refused(ACTIVE, 0)
    turn.refused(ACTIVE, SILENCE - 0.1)
    assert turn.given(ACTIVE, SILENCE) is Verdict.WAIT
    assert turn.given(ACTIVE, 2 * SILENCE - 0.1) is Verdict.WAIT
    assert turn.given(ACTIVE, 2 * SILENCE) is Verdict.OPEN


def test_a_refusal_in_between_is_of_another_that_tries_and_proves_nothing(turn):
    assert turn.given(ACTIVE, 0) is Verdict.WAIT
    turn.refused(ACTIVE, 1)
    assert turn.given(ACTIVE, SILENCE - 0.1) is Verdict.WAIT
    assert turn.given(ACTIVE, SILENCE) is Verdict.OPEN


def test_one_that_goes_on_though_the_lock_was_given_away_shows_that_it_keeps_nobody_out(turn):
    assert turn.given(ACTIVE, 0) is Verdict.WAIT
    assert turn.given(beaten(ACTIVE), BEAT) is Verdict.UNSAFE


def test_what_was_seen_of_one_says_nothing_of_the_next(turn):
    turn.refused(ACTIVE, 0)
    turn.refused(ACTIVE, SILENCE)
    other = msgspec.structs.replace(ACTIVE, id="two", beat=0)
    assert turn.given(other, SILENCE + 1) is Verdict.WAIT
    assert turn.given(beaten(other), SILENCE + 2) is Verdict.UNSAFE


def test_what_cannot_be_read_counts_as_somebody(turn):
    assert turn.given(UNREADABLE, 0) is Verdict.WAIT
    assert turn.given(UNREADABLE, SILENCE) is Verdict.OPEN


def test_connections_go_to_the_one_that_gives_signs_of_life(turn):
    assert turn.goal(0) == ""
    turn.look(ACTIVE, 1)
    assert turn.goal(1) == ACTIVE.address
    assert turn.goal(1 + SILENCE + 0.1) == ""
    turn.look(beaten(ACTIVE), 10)
    assert turn.goal(10 + SILENCE) == ACTIVE.address
    turn.look(released(beaten(ACTIVE)), 11)
    assert turn.goal(11) == ""


def test_connections_never_go_round_in_a_circle(turn):
    own = Entry("10.0.0.2:5000", "b", "mine")
    turn.look(own, 1)
    assert turn.goal(1, "mine") == own.address  # it serves by now
    assert turn.goal(1, "a later stay") == ""


def test_the_active_one_ends_when_the_entry_is_another_s_or_gone():
    assert not lost(ACTIVE, beaten(ACTIVE))
    assert lost(None, ACTIVE)
    assert lost(msgspec.structs.replace(ACTIVE, id="two"), ACTIVE)
    assert lost(released(ACTIVE), ACTIVE)


def test_one_that_stands_by_is_ready_for_a_while_without_an_active_one():
    assert unready(10, 10 + PATIENCE - 0.1) == ""
    assert "standing by" in unready(10, 10 + PATIENCE)


@pytest.mark.parametrize(
    ("said", "host"),
    [("wharf-0.wharf", "wharf-0.wharf"), ("10.0.0.1", "10.0.0.1"), ("[fd00::1]", "fd00::1"), ("fd00::1", "fd00::1")],
)
def test_others_reach_it_by_a_name_or_an_address(said, host):
    assert reached_at(said) == host


@pytest.mark.parametrize("said", ["", "::", "[::]", "10.0.0.1:5000", "a b", "$(POD_IP)", "x" * 64, "a." * 127 + "a"])
def test_what_can_never_be_reached_is_refused(said):
    with pytest.raises(ValueError, match=r"neither a name nor an IP address|is every address"):
        reached_at(said)
