"""The cache of verified credentials, with real bcrypt at its least cost."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import pytest

from wharf.auth import credentials as module
from wharf.auth.credentials import Credentials, CredentialsBusyError, make_pool
from wharf.auth.htpasswd import Line


@pytest.fixture
def pool():
    with ThreadPoolExecutor(2) as pool:
        yield pool


@pytest.fixture
def runs(monkeypatch):
    """Counts bcrypt runs."""
    counted = []
    original = bcrypt.checkpw
    monkeypatch.setattr(module.bcrypt, "checkpw", lambda *given: (counted.append(given[1]), original(*given))[1])
    return counted


@pytest.fixture
def line(hashed):
    return lambda password, expires=None: Line(hashed(password).encode(), 4, expires)


async def test_a_password_is_checked_once_however_often_it_comes(line, clock, pool, runs):
    users = Credentials({"alice": (line("one"),)}, clock, pool)
    for _ in range(5):
        assert await users.verify("alice", "one")
    assert len(runs) == 1


async def test_concurrent_requests_share_one_check(line, clock, pool, runs):
    users = Credentials({"alice": (line("one"),)}, clock, pool)
    assert all(await asyncio.gather(*(users.verify("alice", "one") for _ in range(20))))
    assert len(runs) == 1


async def test_a_client_that_leaves_does_not_end_the_check_of_the_others(line, clock, pool):
    users = Credentials({"alice": (line("one"),)}, clock, pool)
    first = asyncio.create_task(users.verify("alice", "one"))
    second = asyncio.create_task(users.verify("alice", "one"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second


async def test_an_unknown_user_and_a_wrong_password_cost_the_same(line, clock, pool, runs):
    dear = Line(bcrypt.hashpw(b"four", bcrypt.gensalt(6)), 6, None)  # beside ones of cost 4
    users = Credentials({"alice": (line("one"), line("two")), "bob": (line("three"),), "eve": (dear,)}, clock, pool)
    rounds = []
    for name in ("alice", "bob", "eve", "nobody"):
        runs.clear()
        assert not await users.verify(name, "wrong")
        rounds.append(sum(1 << int(run[4:6]) for run in runs))
    assert rounds == [1 << 6] * 4


async def test_a_right_password_costs_no_more_than_the_lines_of_its_user(line, clock, pool, runs):
    users = Credentials({"alice": (line("one"),), "bob": (line("two"), line("three"))}, clock, pool)
    assert await users.verify("alice", "one")
    assert len(runs) == 1


async def test_a_wrong_password_is_remembered_for_a_moment_only(line, clock, pool, runs):
    users = Credentials({"alice": (line("one"),)}, clock, pool)
    assert not await users.verify("alice", "wrong")
    assert not await users.verify("alice", "wrong")
    assert len(runs) == 1
    clock.now += module.REFUSED_SECONDS
    assert not await users.verify("alice", "wrong")
    assert len(runs) == 2


async def test_every_live_line_opens_and_an_expired_one_does_not(line, clock, pool):
    users = Credentials({"alice": (line("old", 1010.0), line("new"))}, clock, pool)
    assert await users.verify("alice", "old")
    assert await users.verify("alice", "new")
    clock.now = 1010.0
    assert not await users.verify("alice", "old")
    assert await users.verify("alice", "new")


async def test_the_latest_end_counts_when_two_lines_have_one_password(line, clock, pool):
    users = Credentials({"alice": (line("one", 1010.0), line("one", 1020.0))}, clock, pool)
    assert await users.verify("alice", "one")
    clock.now = 1015.0
    assert await users.verify("alice", "one")
    clock.now = 1020.0
    assert not await users.verify("alice", "one")


@pytest.mark.parametrize("password", ["", "x" * 100, "nul\0inside", "\ud800", "ünï"])
async def test_no_password_is_an_error(line, clock, pool, password):
    assert not await Credentials({"alice": (line("one"),)}, clock, pool).verify("alice", password)


async def test_only_the_bytes_that_bcrypt_looks_at_count(line, clock, pool):
    users = Credentials({"alice": (line("x" * 72),)}, clock, pool)
    assert await users.verify("alice", "x" * 100)


async def test_what_is_remembered_is_bounded_and_holds_no_password(line, clock, pool, monkeypatch):
    monkeypatch.setattr(module, "CACHE_LIMIT", 3)
    users = Credentials({"alice": (line("open-sesame"),)}, clock, pool)
    assert await users.verify("alice", "open-sesame")
    for number in range(6):
        await users.verify("alice", f"wrong{number}")
    assert len(users._bad) == 3
    assert len(users._good) == 1  # wrong ones push no good one out
    assert "open-sesame" not in repr(vars(users))


async def test_too_many_checks_at_once_are_refused_rather_than_queued(line, clock, pool, monkeypatch):
    monkeypatch.setattr(module, "PENDING_LIMIT", 2)
    users = Credentials({"alice": (line("one"),)}, clock, pool)
    results = await asyncio.gather(*(users.verify("a", str(n)) for n in range(3)), return_exceptions=True)
    assert [type(result) for result in results] == [bool, bool, CredentialsBusyError]


async def test_a_table_without_users_refuses_everyone(clock):
    with make_pool() as pool:
        assert not await Credentials({}, clock, pool).verify("alice", "one")


async def test_a_proof_names_the_line_and_stands_as_long_as_it(clock, pool, hashed):
    first, second = (Line(hashed(word).encode(), 4, ends) for word, ends in (("one", 1500.0), ("two", None)))
    users = Credentials({"alice": (first, second)}, clock, pool)
    one, two = await users.prove("alice", "one"), await users.prove("alice", "two")
    assert one != two
    assert (users.ends("alice", one), users.ends("alice", two)) == (1500.0, float("inf"))
    assert await users.prove("alice", "three") == ""
    assert users.ends("alice", "") == users.ends("bob", two) == 0
    clock.now = 1500.0
    assert users.ends("alice", one) == 0
    later = Credentials({"alice": (second,)}, clock, pool)
    assert later.ends("alice", two) == float("inf")


async def test_a_credential_is_new_until_it_is_remembered(clock, pool, hashed):
    users = Credentials({"alice": (Line(hashed("one").encode(), 4, None),)}, clock, pool)
    assert users.is_new("alice", "one")
    await users.prove("alice", "one")
    await users.prove("alice", "wrong")
    assert not users.is_new("alice", "one")
    assert not users.is_new("alice", "wrong")
    clock.now += module.REFUSED_SECONDS
    assert users.is_new("alice", "wrong")
