"""Whatever ends and starts, and whenever, no two hosts ever have the data open."""

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

SECONDS = float(os.environ.get("STANDBY_SECONDS", "12"))
"""For how long hosts are upset; more finds what is rarer."""


class Watch:
    """Looks, again and again, which hosts have the index open."""

    def __init__(self, data):
        self._index = str(data / "index.db")
        self._families = {}  # host -> its processes, also those that outlive their parent
        self.looks = Counter()  # by the number of hosts that had it open
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)

    def started(self, host):
        """A host has another process."""
        self._families = {**self._families, host: self._families.get(host, frozenset()) | {host.process.pid}}

    def _run(self):
        while not self._end.wait(0.001):
            having = self._having()
            if len(having) > 1:  # a look takes a while: the first may have closed it before the other opened it
                having &= self._having()
            self.looks[len(having)] += 1

    def _having(self):
        for host, family in self._families.items():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                self._families[host] = family | set(host.workers())
        return {host for host, family in self._families.items() if any(map(self._has, family))}

    def _has(self, pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            for found in Path(f"/proc/{pid}/fd").iterdir():
                with contextlib.suppress(FileNotFoundError):  # this one has just been closed
                    if str(found.readlink()) == self._index:
                        return True
        return False


def upset(host, how, chance):
    """Do something to a host that is hard on it."""
    if how == "end":
        host.tell_to_end()
        host.ended()
    elif how == "kill":
        host.kill()
    elif how == "kill the parent":
        host.process.kill()
        host.ended()
    else:
        pids = [host.process.pid, *host.workers()]
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP:
                time.sleep(chance.uniform(0.1, 3))


def upset_all(made, watch, chance, wait_until):
    """For a while: to one or two at a time, and start some of those that ended; what was done."""
    done, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        running = [one for one in made if one.process.poll() is None]
        for one in chance.sample(running, min(len(running), chance.choice((1, 1, 2)))):
            done.append((one.address, chance.choice(("end", "kill", "kill the parent", "pause"))))
            upset(one, done[-1][1], chance)
            time.sleep(chance.uniform(0, 1))
        start([one for one in made if chance.random() < 0.7], watch, wait_until)
    start(made, watch, wait_until)
    return done


def start(some, watch, wait_until):
    """Start those that do not run; workers that outlive their parent keep its address for a moment."""

    def running(one):
        if one.process is None or one.process.poll() is not None:
            watch.started(one.start())
        return one.process.poll() is None

    for one in some:
        wait_until(lambda one=one: running(one), one.log)


@pytest.mark.timeout(SECONDS + 240)
def test_no_two_hosts_ever_have_the_data_open(hosts):
    made = [hosts() for _ in range(3)]
    with Watch(hosts.data) as watch:
        start(made, watch, hosts.wait_until)
        hosts.wait_until(made[0].active)
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(hosts.traffic(one, f"t{number}")) for number, one in enumerate(made)]
            done = upset_all(made, watch, random.Random(time.time_ns()), hosts.wait_until)  # noqa: S311 - nothing is secret
            for client in clients:
                client.goes_on()
        for client in clients:
            client.require_whole(made[0])
    assert max(watch.looks) == 1, (watch.looks, done)
    for one in made:
        assert one.process.poll() is None, one.log()
        one.kill()
    hosts.require_sound()
