"""Two hosts with one registry's data: one has it open, the other passes requests on, and takes over."""

import asyncio
import contextlib
import errno
import itertools
import os
import signal
import socket
import subprocess
import sys

import pytest

from wharf.standby.lock import LOST, Lock
from wharf.standby.process import Plan, StandBy
from wharf.standby.turn import UNREADABLE, Entry


def test_requests_through_both_reach_the_one_that_has_the_data(hosts):
    first, second = hosts.pair()
    with hosts.traffic(first, "one") as direct, hosts.traffic(second, "two") as passed_on:
        direct.goes_on()
        passed_on.goes_on()
    assert direct.failures == passed_on.failures == []
    direct.require_whole(second)
    passed_on.require_whole(first)
    assert second.probe("/readyz")[0] == 200
    assert b"wharf_standby 1" in second.probe("/metrics")[1]
    assert b"wharf_standby 0" in first.probe("/metrics")[1]
    assert first.status()["role"] == "active"
    assert second.status()["active"] == os.uname().nodename


@pytest.mark.parametrize(("kept", "workers"), [(False, 1), (True, 1), (True, 2)])
def test_a_planned_end_costs_no_request_of_either(hosts, kept, workers):
    first, second = hosts.pair(workers=workers)
    with hosts.traffic(first, "one", kept=kept) as direct, hosts.traffic(second, "two", kept=kept) as passed_on:
        first.tell_to_end()
        hosts.wait_until(lambda: first.said("stopping"), first.log)
        assert first.probe("/readyz")[0] == 503
        passed_on.goes_on()  # it lingers
        direct._end.set()  # clients go elsewhere by now
        hosts.wait_until(second.active, second.log)
        passed_on.goes_on()
    assert direct.failures == passed_on.failures == []
    assert first.ended() == 0
    assert second.status()["role"] == "active"
    direct.require_whole(second)
    passed_on.require_whole(second)
    second.tell_to_end()
    assert second.ended() == 0
    hosts.require_sound()


def test_an_upload_and_a_pull_that_are_under_way_end_as_they_would_have(hosts):
    first, second = hosts.pair()
    content = os.urandom(64 << 20)
    for blob in (b"{}", content):
        assert first.ask("POST", f"/v2/a/blobs/uploads/?digest={hosts.sha(blob)}", blob)[0] == 201
    pulling, pushing = second.connect(), second.connect()
    pulling.request("GET", f"/v2/a/blobs/{hosts.sha(content)}")
    pulled = pulling.getresponse()
    pushed = os.urandom(1000)
    pushing.putrequest("POST", f"/v2/a/blobs/uploads/?digest={hosts.sha(pushed)}")
    pushing.putheader("Content-Length", str(len(pushed)))
    pushing.endheaders(pushed[:500])
    first.tell_to_end()
    hosts.wait_until(lambda: first.said("stopping"), first.log)
    pushing.send(pushed[500:])
    assert pushing.getresponse().status == 201
    hosts.wait_until(second.active, second.log)  # while the pull goes on
    assert first.ask("GET", "/v2/")[0] == 200  # who comes late is passed on
    assert pulled.read() == content
    assert second.ask("GET", f"/v2/a/blobs/{hosts.sha(pushed)}")[1] == pushed
    pulling.close()
    pushing.close()
    assert first.ended() == 0


def test_the_other_takes_over_when_all_of_the_first_is_killed_and_requests_wait_for_it(hosts):
    first, second = hosts.pair()
    with hosts.traffic(second, "two") as passed_on:
        first.kill()
        lost = len(passed_on.failures)
        hosts.wait_until(second.active, second.log)
        passed_on.goes_on()
    # Its processes are killed one by one: what each was asked is lost with it, and who waited for the last to accept.
    # All that came later has waited.
    assert len(passed_on.failures) <= lost + 3, passed_on.failures
    passed_on.require_whole(second)
    second.kill()
    hosts.require_sound()


def test_the_other_takes_over_when_the_workers_have_ended_whose_parent_was_killed(hosts):
    first, second = hosts.pair()
    with hosts.traffic(second, "two") as passed_on:
        first.process.send_signal(signal.SIGKILL)
        first.ended()
        hosts.wait_until(second.active, second.log)
        passed_on.goes_on()
    assert passed_on.failures == []
    passed_on.require_whole(second)


def test_of_two_that_are_started_at_once_one_is_active(hosts):
    both = [hosts(), hosts()]
    for one in both:
        one.start()
    hosts.wait_until(lambda: any(one.active() for one in both))
    roles = [one.status()["role"] for one in both]
    assert sorted(roles) == ["active", "standby"]
    with hosts.traffic(both[0], "one") as one, hosts.traffic(both[1], "two") as other:
        one.goes_on()
        other.goes_on()
    assert one.failures == other.failures == []


def test_the_same_host_is_active_again_at_once_after_it_was_killed(hosts):
    first = hosts().start()
    hosts.wait_until(first.active, first.log)
    first.kill()
    first.start()
    hosts.wait_until(first.active, first.log)
    assert first.ask("GET", "/v2/")[0] == 200


def test_one_that_stands_by_ends_when_it_is_told_to_and_the_other_goes_on(hosts):
    first, second = hosts.pair()
    with hosts.traffic(first, "one") as direct:
        second.tell_to_end()
        assert second.ended() == 0
        direct.goes_on()
    assert direct.failures == []


def test_tls_ends_where_the_data_is(hosts, tmp_path, make_pair):
    tls = {"certificate": str(tmp_path / "tls.crt"), "key": str(tmp_path / "tls.key")}
    for path, content in zip(tls.values(), make_pair("wharf"), strict=True):
        with open(path, "wb") as file:  # noqa: PTH123 - a path as text
            file.write(content)
    first, second = hosts.pair(tls=tls)
    with hosts.traffic(second, "two") as passed_on:
        first.tell_to_end()
        hosts.wait_until(second.active, second.log)
        passed_on.goes_on()
    assert passed_on.failures == []
    assert first.ended() == 0


def test_commands_run_where_the_data_is_and_not_elsewhere(hosts):
    first, _ = hosts.pair()
    assert hosts.run("gc").returncode == 0
    elsewhere = (
        "import socket, sys; socket.gethostname = lambda: 'elsewhere'; from wharf.cli import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", elsewhere, "gc", "--data", str(hosts.data)]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1, refused.stderr
    assert f"run it there, as in `kubectl exec {os.uname().nodename} -- wharf ...`" in refused.stderr
    single = hosts.run("serve", "--address", "127.0.0.1:0")
    assert single.returncode == 1
    assert "start this one with --standby too" in single.stderr
    assert first.ask("GET", "/v2/")[0] == 200


def test_one_whose_place_was_taken_ends_at_once(hosts):
    first = hosts().start()
    hosts.wait_until(first.active, first.log)
    (hosts.data / "active.lock").write_text('{"address":"10.0.0.9:1","name":"other","id":"x"}')
    assert first.ended() == 1
    assert first.said(LOST)


def test_one_whose_lock_file_was_replaced_ends_before_another_can_take_the_new_one(hosts):
    first = hosts().start()
    hosts.wait_until(first.active, first.log)
    copy = hosts.data / "copy"
    copy.write_bytes((hosts.data / "active.lock").read_bytes())
    copy.rename(hosts.data / "active.lock")
    assert first.ended() == 1
    assert first.said(LOST)


def test_one_whose_lock_file_was_removed_ends_and_says_what_to_do(hosts):
    first = hosts().start()
    hosts.wait_until(first.active, first.log)
    (hosts.data / "active.lock").unlink()
    assert first.ended() == 1
    assert first.said(LOST)
    assert "leave it alone, and start this host again" in LOST
    first.start()
    hosts.wait_until(first.active, first.log)
    assert first.ask("GET", "/v2/")[0] == 200


def test_after_one_whose_entry_was_overwritten_the_other_takes_over_and_stays(hosts):
    first, second = hosts.pair()
    (hosts.data / "active.lock").write_bytes(os.urandom(4000))
    assert first.ended() == 1
    hosts.wait_until(second.active, second.log)
    own = Lock(str(hosts.data))
    hosts.wait_until(lambda: (own.read() or UNREADABLE).beat > 1 or second.process.poll() is not None, second.log)
    own.close()
    assert second.ask("GET", "/v2/")[0] == 200


def test_one_that_cannot_write_its_entry_leaves_the_lock_to_others(hosts, monkeypatch):
    def refuse(self, entry):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Lock, "claim", refuse)
    hosts.data.mkdir()
    config = hosts.data.parent / "config.yaml"
    config.write_text("{}")

    async def tried():
        with socket.create_server(("127.0.0.1", 0)) as public:
            one = StandBy(Plan(str(config), {}, [], 1, "127.0.0.1"), str(hosts.data), public, None)
            with contextlib.closing(one._lock), contextlib.closing(one._relay._listening):
                with pytest.raises(OSError, match="No space left"):
                    one._try()
                other = Lock(str(hosts.data))
                with contextlib.closing(other):
                    assert other.take()

    asyncio.run(tried())


def test_where_locks_do_not_hold_between_hosts_the_second_says_so_and_ends(hosts):
    hosts.data.mkdir()
    other, beats = Lock(str(hosts.data)), itertools.count()

    def beat():  # as a host whose lock is not seen here
        other.write(Entry("10.0.0.9:1", "other", "x", next(beats)))
        return second.process is not None and second.process.poll() is not None

    second = hosts()
    beat()
    second.start()
    hosts.wait_until(beat, second.log)
    assert second.ended() == 1
    other.close()
    assert "other has this data open, and the file system let this host lock it" in second.log().splitlines()[-1]
