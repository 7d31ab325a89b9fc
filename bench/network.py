"""The network of a run: loopback alone, in a namespace of its own where the system allows one.

Rule: what a machine has set for its real networks measures nobody. BBR, for one, paces who is quick over loopback down
to a third.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path

USUAL = "cubic"
"""The congestion control that Linux has unless it is told otherwise."""

_CONGESTION_CONTROL = Path("/proc/sys/net/ipv4/tcp_congestion_control")
_CLONE_NEWNET = 0x40000000  # unshare(2)
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 0x1  # netdevice(7)


def congestion_control() -> str:
    """What TCP here goes by, for servers and clients alike."""
    return _CONGESTION_CONTROL.read_text().strip()


def isolate() -> bool:
    """Move this thread, and all processes it starts from now on, to a network of their own; whether that is allowed.

    Nothing but 127.0.0.1 can be reached from there.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNET):
        number = ctypes.get_errno()
        if number in (errno.EPERM, errno.EINVAL, errno.ENOSPC):
            return False
        raise OSError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP))
    with suppress(OSError):  # read-only in many containers, and not every kernel has it: the page names what there is
        _CONGESTION_CONTROL.write_text(USUAL)
    return True
