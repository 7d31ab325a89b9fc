"""A run has a network of its own, which leaves that of the machine as it was."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench import network

TRY = """
import errno, os, socket
from bench import network
mine = os.readlink("/proc/self/ns/net")
allowed = network.isolate()
assert allowed or os.geteuid()
if not allowed:
    assert os.readlink("/proc/self/ns/net") == mine
    raise SystemExit
assert os.readlink("/proc/self/ns/net") != mine
assert network.congestion_control() == network.USUAL
with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
    assert client.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\\0").decode() == network.USUAL
try:
    socket.create_connection(("192.0.2.1", 9), timeout=5)
except OSError as error:
    assert error.errno == errno.ENETUNREACH, error
else:
    raise AssertionError("reached")
"""


MINE = Path("/proc/self/ns/net")


def test_a_run_has_a_network_of_its_own_where_it_may():
    before = (MINE.readlink(), network.congestion_control())
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", TRY], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (MINE.readlink(), network.congestion_control()) == before


class Refusing:
    """A system that lets nobody have a network."""

    def __init__(self, number):
        self.number = number

    def unshare(self, _):
        network.ctypes.set_errno(self.number)
        return -1


def test_where_that_is_not_allowed_the_network_stays(monkeypatch):
    before = MINE.readlink()
    monkeypatch.setattr(network.ctypes, "CDLL", lambda *_, **__: Refusing(1))
    assert network.isolate() is False
    monkeypatch.setattr(network.ctypes, "CDLL", lambda *_, **__: Refusing(12))
    with pytest.raises(OSError, match="Cannot allocate memory"):
        network.isolate()
    assert MINE.readlink() == before
