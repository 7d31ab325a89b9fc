"""A pod is poked no faster than is of use."""

from wharfinger.apply.pace import Pace


def test_the_first_poke_is_at_once_and_the_next_ones_later_and_later() -> None:
    pace, now, waits = Pace(), 100.0, []
    for _ in range(9):
        assert pace.wait("p", now) == 0.0
        waits.append(wait := pace.wait("p", now))
        now += wait
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_each_pod_has_a_pace_of_its_own() -> None:
    pace = Pace()
    assert pace.wait("p", 100.0) == 0.0
    assert pace.wait("q", 100.0) == 0.0


def test_after_a_while_it_is_another_matter() -> None:
    pace = Pace()
    for now in (100.0, 101.0, 103.0):
        assert pace.wait("p", now) == 0.0
    assert pace.wait("p", 200.0) == 0.0
    assert pace.wait("p", 200.0) == 1.0


def test_pods_that_are_gone_are_forgotten() -> None:
    pace = Pace()
    pace.wait("gone", 100.0)
    pace.wait("p", 500.0)
    assert set(pace._pokes) == {"p"}
