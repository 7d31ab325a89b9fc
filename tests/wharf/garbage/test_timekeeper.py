"""A clock that jumps makes nothing old."""

import pytest

from wharf.garbage.timekeeper import Clocks, Timekeeper
from wharf.garbage.timeline import Jump, Timeline
from wharf.metadata.settings import CLOCK

BEGIN = 1_800_000_000.0


class Machine:
    """A machine whose clocks a test moves."""

    def __init__(self):
        self.wall = BEGIN
        self.steady = 50.0
        self.boot = "one"

    def pass_time(self, seconds):
        self.wall += seconds
        self.steady += seconds

    def reboot(self, seconds):
        self.wall += seconds
        self.steady = 5.0
        self.boot = "two"


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def keeper(registry, machine):
    clocks = Clocks(lambda: machine.wall, lambda: machine.steady, lambda: machine.boot)
    return Timekeeper(registry.settings, registry.inventory, clocks)


async def test_time_that_passes_counts(keeper, machine):
    assert await keeper.observe() == Timeline(BEGIN, (), BEGIN)
    machine.pass_time(3600)
    assert await keeper.observe() == Timeline(BEGIN + 3600, (), BEGIN)


async def test_a_clock_that_is_set_forward_is_noticed(keeper, machine):
    await keeper.observe()
    machine.pass_time(60)
    machine.wall += 1e6
    assert await keeper.observe() == Timeline(BEGIN + 60 + 1e6, (Jump(BEGIN + 60, BEGIN + 60 + 1e6),), BEGIN)
    machine.pass_time(60)
    assert (await keeper.observe()).age(BEGIN) == 120


async def test_clocks_that_drift_agree(keeper, machine):
    await keeper.observe()
    machine.pass_time(60)
    machine.wall += 1
    assert (await keeper.observe()).jumps == ()


async def test_time_over_a_boot_of_the_machine_does_not_count(keeper, machine):
    await keeper.observe()
    machine.reboot(7 * 86400)
    timeline = await keeper.observe()
    assert timeline.age(BEGIN - 10) == 10


async def test_where_boots_cannot_be_told_apart_only_time_between_looks_is_lost(keeper, machine):
    machine.boot = ""
    await keeper.observe()
    machine.pass_time(60)
    assert (await keeper.observe()).age(BEGIN) == 0


async def test_what_was_written_under_a_clock_that_was_ahead_does_not_stay_young(keeper, machine, registry, clock):
    clock.now = BEGIN + 1e8
    await keeper.observe()
    machine.wall = clock.now
    machine.steady += 60
    await keeper.observe()
    digest = await registry.push_blob(b"layer")
    machine.pass_time(60)
    machine.wall = BEGIN
    timeline = await keeper.observe()
    assert timeline == Timeline(BEGIN, (), BEGIN)
    (content,) = await registry.inventory.contents("", 9)
    assert content.digest == digest
    assert content.touched == content.unbacked[0].touched == BEGIN
    assert [each.active for each in await registry.inventory.repositories("", 9)] == [BEGIN]


async def test_a_note_that_cannot_be_read_is_written_anew(keeper, registry):
    await registry.settings.put({CLOCK: "{"})
    assert (await keeper.observe()).jumps == ()
    assert (await keeper.observe()).begin == BEGIN
