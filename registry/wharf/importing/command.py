"""The command `wharf import-distribution`: move from a Distribution registry (registry:2, registry:3) in minutes.

Rule: what is left out goes to standard output, progress and the summary to standard error. The exit status is 0 when
all has come, and 1 when something was left out.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from wharf import clock, place, progress
from wharf.blobs.paths import Layout
from wharf.importing.importer import Importer, LeftOut, Tally, Target
from wharf.importing.volume import NoVolumeError, Volume
from wharf.metadata.settings import IMPORTED
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.upkeep import opened
from wharf.wording import count

if TYPE_CHECKING:
    from collections.abc import Sequence


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    parser = commands.add_parser(
        "import-distribution",
        help="take over the volume of a Distribution registry (registry:2, registry:3)",
        description="Take over repositories, tags, manifests and blobs from the volume of a Distribution registry, by "
        "hard links where that can be. Everything is checked by its digest. It can be broken off and run again; what "
        "is there already stays as it is. Exit status 0: all has come; 1: something was left out.",
    )
    parser.add_argument("path", metavar="PATH", help="what is mounted at /var/lib/registry in that registry")
    parser.add_argument("--repository", metavar="NAME", action="append", help="only this one; may be repeated")
    parser.add_argument(
        "--once",
        action="store_true",
        help="do nothing where an import came to its end before, or where there is nothing to import; what is left out "
        "is told and is no failure",
    )
    parser.add_argument("--report", metavar="FILE", help="write the summary into this file as well")
    place.add_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Carry out the command. Raises NoVolumeError, and what storage raises."""
    _, data = place.of(options)
    said = asyncio.run(_before(data)) if options.once else ""
    if said:
        _report(options, said)
        return
    try:
        volume = Volume(options.path)
    except NoVolumeError:
        if not options.once:
            raise
        _report(options, f"{options.path} holds nothing to import")
        return
    names = [name for name in volume.repositories() if not options.repository or name in options.repository]
    tally = asyncio.run(_run(volume, names, data, once=options.once))
    _report(options, summary(tally))
    if tally.left_out and not options.once:
        sys.exit(1)


def _report(options: argparse.Namespace, text: str) -> None:
    print(text, file=sys.stderr)
    if options.report:
        Path(options.report).write_text(text.splitlines()[0] + "\n")


async def _before(data: str) -> str:
    """What an import said that came to its end before; empty when there was none."""
    if not Layout(data).index.is_file():
        return ""
    with opened(data) as storage:
        return await SqliteSettings(storage.index).get(IMPORTED)


async def _run(volume: Volume, names: Sequence[str], data: str, *, once: bool) -> Tally:
    with opened(data, create=True) as storage:
        storage.index.durable_blobs = True  # those too that no manifest names: the volume may be gone tomorrow
        importer = Importer(volume, Target(storage.index, storage.layout, clock.now), _tell)
        tally = importer.tally
        async with progress.told(
            lambda: f"{tally.repositories} of {len(names)} repositories, {tally.size >> 20} MiB",
        ):
            await importer.run(names)
        if once:
            await SqliteSettings(storage.index).put({IMPORTED: summary(tally)})
        return tally


def _tell(one: LeftOut) -> None:
    print(f"left out {one.repository}@{one.digest}: {one.reason}", flush=True)


def summary(tally: Tally) -> str:
    """What an import has done, in words."""
    come = (
        f"imported {count(tally.repositories, 'repository', 'repositories')}: {count(tally.manifests, 'manifest')}, "
        f"{count(tally.tags, 'tag')}, {count(tally.linked + tally.copied, 'blob')} ({tally.linked} linked, "
        f"{tally.copied} copied, {tally.size >> 20} MiB)"
    )
    lines = [come]
    if tally.present:
        lines.append(f"{count(tally.present, 'thing')} of it {_was(tally.present)} there already")
    if tally.kept_tags:
        points = "points" if tally.kept_tags == 1 else "point"
        lines.append(f"{count(tally.kept_tags, 'tag')} {points} elsewhere here, and {_was(tally.kept_tags)} left so")
    if tally.left_out:
        lines.append(f"{count(tally.left_out, 'thing')} {_was(tally.left_out)} left out: see above")
    return "\n".join(lines)


def _was(number: int) -> str:
    return "was" if number == 1 else "were"
