"""An endpoint that is down is asked now and then, and left alone when it says so."""

from wharf.webhooks.circuit import THRESHOLD, Circuit, pause


def test_failures_in_a_row_open_it_and_one_success_closes_it(hook):
    circuit = Circuit(hook("http://x", min_backoff=10.0, max_backoff=60.0))
    for _ in range(THRESHOLD - 1):
        circuit.failed(100.0, 0.0)
        assert circuit.room(100.0, 4) == 4
    circuit.failed(100.0, 0.0)
    assert circuit.broken
    assert circuit.room(100.0, 4) == 0
    assert 5.0 <= circuit.wait(100.0) <= 10.0
    assert circuit.room(110.0, 4) == 1
    circuit.failed(110.0, 0.0)
    assert 10.0 <= circuit.wait(110.0) <= 20.0
    circuit.succeeded()
    assert (circuit.room(110.0, 4), circuit.wait(110.0), circuit.failures) == (4, 0.0, 0)


def test_what_the_endpoint_asks_for_holds_from_the_first_failure_on(hook):
    circuit = Circuit(hook("http://x"))
    circuit.failed(100.0, 30.0)
    assert (circuit.room(129.0, 4), circuit.room(130.0, 4)) == (0, 4)
    circuit.failed(130.0, 1e9)
    assert circuit.wait(130.0) == 3600.0


def test_a_short_pause_takes_nothing_from_a_long_one(hook):
    circuit = Circuit(hook("http://x"))
    circuit.failed(100.0, 60.0)
    circuit.failed(100.0, 1.0)
    assert circuit.wait(100.0) == 60.0


def test_a_restart_knows_what_was(hook):
    circuit = Circuit(hook("http://x"), failures=THRESHOLD, until=150.0)
    assert (circuit.room(149.0, 4), circuit.room(150.0, 4)) == (0, 1)


def test_the_pause_doubles_up_to_its_limit_with_jitter_and_heeds_retry_after(hook):
    slow = hook("http://x", min_backoff=1.0, max_backoff=60.0)
    for attempts, longest in ((0, 1.0), (1, 2.0), (5, 32.0), (6, 60.0), (10_000, 60.0)):
        waits = [pause(slow, attempts, 0.0) for _ in range(50)]
        assert longest / 2 <= min(waits) < max(waits) <= longest
    assert pause(slow, 0, 120.0) == 120.0
    assert pause(slow, 0, 1e9) == 3600.0


def test_no_pause_outlasts_the_events_that_it_is_for(hook):
    assert pause(hook("http://x", min_backoff=300.0, max_backoff=300.0, max_age=10.0), 9, 0.0) <= 10.0
