"""Ages are counted by time that passed, not by what the clock says."""

from hypothesis import given
from hypothesis import strategies as st

from wharf.garbage.timeline import Jump, Timeline

NOW = 1000.0


def test_without_jumps_time_is_what_the_clock_says():
    timeline = Timeline(NOW)
    assert timeline.before(100) == 900
    assert timeline.age(900) == 100
    assert timeline.age(2000) == 0  # written under a clock that was wrong: as young as can be


def test_a_jump_counts_as_nothing():
    timeline = Timeline(NOW, (Jump(100, 900),))
    assert timeline.before(50) == 950
    assert timeline.before(100) == 900
    assert timeline.before(150) == 50
    assert timeline.age(50) == 150
    assert timeline.age(950) == 50


def test_several_jumps_add_up():
    timeline = Timeline(NOW, (Jump(100, 200), Jump(300, 950)))
    assert timeline.before(50) == 950
    assert timeline.before(60) == 290
    assert timeline.before(150) == 200
    assert timeline.before(160) == 90
    assert timeline.age(90) == 160


@st.composite
def timelines(draw):
    times = sorted(draw(st.lists(st.integers(0, 10_000), max_size=8, unique=True)))
    jumps = tuple(Jump(float(begin), float(end)) for begin, end in zip(times[::2], times[1::2], strict=False))
    return Timeline(float(max(times, default=0) + draw(st.integers(0, 100))), jumps)


@given(timelines(), st.integers(0, 5000), st.integers(0, 10_000))
def test_what_is_older_than_an_age_has_an_earlier_time_and_nothing_else_has(timeline, age, time):
    if any(jump.begin < time < jump.end for jump in timeline.jumps) or time > timeline.now:
        return  # no such moment ever was
    if timeline.age(time) > age:
        assert time < timeline.before(age)
    if time < timeline.before(age):
        assert timeline.age(time) >= age


@given(timelines(), st.integers(0, 5000))
def test_a_jump_only_ever_makes_things_younger(timeline, age):
    assert timeline.before(age) <= Timeline(timeline.now).before(age)
