"""Progress lines with elapsed time. Rule: a step that takes long says what it does and how far it is.

Lines go to standard error, so that standard output stays free for what a command answers.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_STARTED = time.monotonic()
HEARTBEAT_SECONDS = 15.0


def stamp(seconds: float) -> str:
    """Elapsed seconds as `  3.2s` or ` 12m04s`, seven characters wide."""
    if seconds < 600:
        return f"{seconds:6.1f}s"
    return f"{int(seconds // 60):3d}m{int(seconds % 60):02d}s"


def say(line: str) -> None:
    """Print one progress line with the time since the program started."""
    print(f"[{stamp(time.monotonic() - _STARTED)}] {line}", file=sys.stderr, flush=True)


@contextmanager
def step(title: str, how_far: Callable[[], str] = lambda: "") -> Iterator[None]:
    """Announce a step, repeat how far it is every `HEARTBEAT_SECONDS`, and say how long it took."""
    begun = time.monotonic()
    ending = "failed after"
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            detail = how_far()
            say(f"{title}: still at it after {time.monotonic() - begun:.0f}s{', ' + detail if detail else ''}")

    say(f"{title} ...")
    heart = threading.Thread(target=beat, daemon=True)
    heart.start()
    try:
        yield
        ending = "done in"
    finally:
        done.set()
        heart.join()
        say(f"{title}: {ending} {time.monotonic() - begun:.1f}s")
