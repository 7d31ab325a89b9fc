"""Limits of guessing, by a clock that stands still."""

import pytest

from wharf.auth import attempts as module
from wharf.auth.attempts import Attempts, client


@pytest.fixture
def attempts(clock):
    return Attempts(clock)


def test_an_account_can_be_guessed_at_only_so_often_from_wherever(attempts):
    burst, seconds = module.ACCOUNT
    for number in range(burst):
        assert attempts.begin(f"192.0.2.{number}", "alice") == 0
    assert attempts.begin("198.51.100.1", "alice") == seconds
    assert attempts.begin("198.51.100.1", "bob") == 0


def test_an_address_can_guess_only_so_often_at_whomever(attempts):
    burst, seconds = module.SOURCE
    for number in range(burst):
        assert attempts.begin("192.0.2.1", f"user{number}") == 0
    assert attempts.begin("192.0.2.1", "somebody") == seconds
    assert attempts.begin("192.0.2.2", "somebody") == 0


def test_time_and_success_give_room_again(attempts, clock):
    burst, seconds = module.ACCOUNT
    for _ in range(burst):
        attempts.begin("192.0.2.1", "alice")
    clock.now += seconds
    assert attempts.begin("192.0.2.1", "alice") == 0
    assert attempts.begin("192.0.2.1", "alice") == seconds
    attempts.succeeded("192.0.2.1", "alice")
    assert attempts.begin("192.0.2.1", "alice") == 0


def test_a_clock_that_goes_back_forgets_nothing_and_gives_nothing(attempts, clock):
    for _ in range(module.ACCOUNT[0]):
        attempts.begin("192.0.2.1", "alice")
    clock.now -= 500
    assert attempts.begin("192.0.2.1", "alice") > 0


def test_memory_is_bounded(attempts, monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 100)
    for number in range(1000):
        attempts.begin(f"10.0.{number // 250}.{number % 250}", f"user{number}")
    assert len(attempts._sources.levels) == len(attempts._accounts.levels) == 100


def test_an_ipv6_client_is_its_network():
    assert client("2001:db8::1") == client("2001:db8::ffff:1") == "2001:db8::/64"
    assert client("2001:db8:0:1::1") != client("2001:db8::1")
    assert client("::ffff:192.0.2.1") == "::ffff:192.0.2.1"
    assert client("192.0.2.1") == "192.0.2.1"
    assert client("unix") == "unix"


def test_a_long_name_takes_little_memory_and_is_still_one_account(attempts):
    for _ in range(module.ACCOUNT[0]):
        attempts.begin("192.0.2.1", "a" * 10_000)
    assert attempts.begin("192.0.2.1", "a" * 10_000) > 0
    assert max(map(len, attempts._accounts.levels)) == 64
    assert attempts.begin("192.0.2.1", "a" * 9_999) == 0


def test_several_processes_allow_together_what_one_would(clock):
    burst, seconds = module.ACCOUNT
    share = [Attempts(clock, 4) for _ in range(4)]
    allowed = sum(one.begin("192.0.2.1", "alice") == 0 for one in share for _ in range(burst))
    assert allowed == burst
    assert share[0].begin("192.0.2.1", "alice") == 4 * seconds
