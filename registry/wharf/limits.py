"""The limits of the process that the system sets, and that it lets the process raise.

Rule: nothing fails because a limit cannot be raised; then there is only less room.
"""

from __future__ import annotations

import resource

FILES = 1 << 20
"""Most files and connections that this process will ever have open. Where it may have but 1024, as is usual, so many
idle clients would keep all others out."""


def allow_many_files() -> None:
    """Let this process have as many connections and files open as the system lets it raise its limit to."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
