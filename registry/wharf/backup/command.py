"""The commands `wharf backup` and `wharf restore`.

Rule: the archive goes to standard output and comes from standard input, so that it need not fit beside the data; what
is said goes to standard error. The exit status is 0 when all is in it, and 1 when something is missing.
"""

from __future__ import annotations

import argparse
import sys

from wharf import place
from wharf.backup.restore import BackupError, restore
from wharf.backup.save import save
from wharf.blobs.paths import Layout
from wharf.standby.lock import shared
from wharf.upkeep import require_storage
from wharf.wording import count


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add both commands to a command line."""
    one = commands.add_parser(
        "backup",
        help="write all that the registry holds to standard output, as a tar archive",
        description="Write index and content, as they are at this moment, to standard output: a tar archive. It is "
        "safe while the registry serves; no garbage is removed until it has ended. Content is hashed on its way; what "
        "is damaged is named, and the rest is saved. Exit status 0: all is in it; 1: content is missing or damaged.",
    )
    place.add_options(one)
    one.set_defaults(run=_backup)
    one = commands.add_parser(
        "restore",
        help="read what `wharf backup` wrote, from standard input, into an empty directory",
        description="Read what `wharf backup` wrote, from standard input, into a data directory without a registry. "
        "Everything is checked by its digest. It can be broken off and run again. Exit status 0: all is there; 1: "
        "content was missing or damaged in the archive.",
    )
    place.add_options(one)
    one.set_defaults(run=_restore)


def _backup(options: argparse.Namespace) -> None:
    layout = _layout(options)
    require_storage(layout)
    if sys.stdout.isatty():
        raise BackupError("a backup is no text for a terminal: send it to a file, as in `wharf backup > backup.tar`")
    with shared(str(layout.root)):
        saved = save(layout, sys.stdout.buffer)
    sys.stdout.buffer.flush()
    text = f"saved the index and {count(saved.blobs, 'blob')}, {saved.size >> 20} MiB"
    _end(text, damaged=saved.damaged, missing=saved.missing)


def _restore(options: argparse.Namespace) -> None:
    if sys.stdin.isatty():
        raise BackupError("a backup is read from standard input, as in `wharf restore < backup.tar`")
    layout = _layout(options)
    with shared(str(layout.root)):
        restored = restore(layout, sys.stdin.buffer)
    _end(
        f"restored the index and {count(restored.blobs, 'blob')}, {restored.size >> 20} MiB",
        damaged=restored.damaged,
        missing=[digest for digest in restored.missing if digest not in restored.damaged],
    )


def _layout(options: argparse.Namespace) -> Layout:
    _, data = place.of(options)
    return Layout(data)


def _end(text: str, **wrong: list[str]) -> None:
    """Say what was done and what is wrong, which is the exit status."""
    for what, digests in wrong.items():
        for digest in digests:
            print(f"{what}: {digest}", file=sys.stderr)
    print(text, file=sys.stderr)
    if any(wrong.values()):
        print("images that need these cannot be pulled: push them again; `wharf verify` names them", file=sys.stderr)
        sys.exit(1)
