"""The command `wharf gc`: look at what would go and why, sweep now, or undo a deletion.

Rule: safe while the registry serves. Lists are in a stable order and go to standard output; a table is for people, JSON
for programs.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
import time
from typing import TYPE_CHECKING

import msgspec

from wharf import clock, place
from wharf.garbage.collector import Collector, Terms
from wharf.garbage.exclusive import SweepRunningError
from wharf.garbage.plan import Verdict
from wharf.garbage.timekeeper import Clocks
from wharf.metadata.deletions import MANIFEST
from wharf.upkeep import opened
from wharf.witness import IndexDoubtedError
from wharf.wording import count

if TYPE_CHECKING:
    from collections.abc import Callable

    from wharf.garbage.plan import Decision
    from wharf.garbage.sweep import Report
    from wharf.metadata.deletions import Deletion

PATIENCE = 600.0
"""Seconds to wait for a sweep that is running."""

RETRY = 0.5
"""Seconds between two looks whether it has ended."""

LISTED = 100_000
"""Most deletions that are listed."""


class NothingToRestoreError(Exception):
    """No such deletion is remembered."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    gc = commands.add_parser(
        "gc",
        help="remove what nothing needs any more, or undo a deletion",
        description="Remove what nothing needs any more, as the registry does by itself from time to time. It is safe "
        "while the registry serves.",
    )
    what = gc.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="list every manifest and blob, and why it stays or goes")
    what.add_argument("--deleted", action="store_true", help="list the deletions that can be undone")
    what.add_argument(
        "--restore", metavar="DIGEST", help="undo the deletion of a manifest, with its tags, or of a blob"
    )
    gc.add_argument("--repository", metavar="NAME", help="restore in this repository only")
    gc.add_argument("--grace", metavar="SECONDS", type=_seconds, help="sweep with this grace period (600 at least)")
    gc.add_argument(
        "--trust-index",
        action="store_true",
        help="this is the right index, though not the one that the content was last seen with: sweep by it",
    )
    gc.add_argument("-o", "--output", choices=("table", "json"), default="table", help="how lists are printed")
    place.add_options(gc)
    gc.set_defaults(run=run, refuse=gc.error)


def run(options: argparse.Namespace) -> None:
    """Carry out the command. Raises NothingToRestoreError, and what storage raises."""
    if options.repository and not options.restore:
        options.refuse("--repository goes with --restore")
    config, data = place.of(options)
    garbage = config.garbage_collection
    grace = garbage.grace_period if options.grace is None else options.grace
    terms = Terms(
        grace, garbage.interval, config.upload_expiry, garbage.untagged == "Delete", trust_index=options.trust_index
    )
    asyncio.run(_run(options, data, terms))


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError
    return seconds


async def _run(options: argparse.Namespace, data: str, terms: Terms) -> None:
    with opened(data) as storage:
        collector = Collector(storage.index, storage.blobs, storage.layout, Clocks(clock.now))
        if options.restore:
            await _restore(collector, options.restore, options.repository)
        elif options.deleted:
            _list_deletions(await collector.deletions.find("", LISTED), options.output)
        elif options.output == "json":
            await _sweep_as_json(collector, terms, options.dry_run)
        else:
            await _sweep(collector, terms, options.dry_run)


async def _sweep(collector: Collector, terms: Terms, dry_run: bool) -> None:
    def listen(decision: Decision) -> None:
        if dry_run or decision.verdict is Verdict.DELETE:
            where = f"  {decision.repository}" if decision.repository else ""
            print(
                f"{decision.verdict.value:7}  {decision.kind.value:8}  {decision.digest}  {decision.size:>12}"
                f"  {decision.message}{where}"
            )

    report = await _collect(collector, terms, listen, dry_run)
    would = "would be " if dry_run else ""
    gone = f"{count(report.manifests_deleted, 'manifest')} and {count(report.blobs_deleted, 'blob')}"
    kept = f"{count(report.manifests_kept, 'manifest')} and {count(report.blobs_kept, 'blob')}"
    print(f"{gone} {would}deleted, {count(report.freed, 'byte')} {would}freed, {kept} kept")
    if report.doubted:
        print(f"but {IndexDoubtedError(report.doubted)}", file=sys.stderr)


async def _sweep_as_json(collector: Collector, terms: Terms, dry_run: bool) -> None:
    """One document, written as the decisions come: a registry may have millions."""
    separator = ""

    def listen(decision: Decision) -> None:
        nonlocal separator
        print(f"{separator}\n    {msgspec.json.encode(_object(decision)).decode()}", end="")
        separator = ","

    print('{\n  "decisions": [', end="")
    report = await _collect(collector, terms, listen, dry_run)
    summary = msgspec.json.encode({"dryRun": dry_run, **_summary(report)}).decode()
    print(f'\n  ],\n  "summary": {summary}\n}}')


async def _collect(collector: Collector, terms: Terms, listen: Callable[[Decision], None], dry_run: bool) -> Report:
    """Sweep, when the sweep has ended that may be running. Raises SweepRunningError when that takes too long."""
    end = time.monotonic() + PATIENCE
    told = False
    while True:
        try:
            return await collector.collect(terms, listen=listen, dry_run=dry_run)
        except SweepRunningError:
            if time.monotonic() > end:
                raise
            if not told:
                print("another sweep is running: waiting for it to end", file=sys.stderr, flush=True)
            told = True
            await asyncio.sleep(RETRY)


def _object(decision: Decision) -> dict[str, object]:
    return {
        "verdict": decision.verdict.value,
        "kind": decision.kind.value,
        "digest": decision.digest,
        "size": decision.size,
        "repository": decision.repository,
        "reason": decision.reason.value,
        "message": decision.message,
    }


def _summary(report: Report) -> dict[str, int]:
    return {
        "manifestsKept": report.manifests_kept,
        "manifestsDeleted": report.manifests_deleted,
        "blobsKept": report.blobs_kept,
        "blobsDeleted": report.blobs_deleted,
        "uploadsEnded": report.uploads,
        "freed": report.freed,
        "blobsDoubted": report.doubted,
    }


def _list_deletions(found: list[Deletion], output: str) -> None:
    if output == "json":
        listed = [{**dataclasses.asdict(each), "deleted": clock.rfc3339(each.deleted)} for each in found]
        print(msgspec.json.format(msgspec.json.encode(listed), indent=2).decode())
        return
    for each in found:
        tags = f"  {', '.join(each.tags)}" if each.tags else ""
        print(f"{clock.rfc3339(each.deleted)}  {each.kind:8}  {each.digest}  {each.size:>12}  {each.repository}{tags}")
    if not found:
        print("no deletion can be undone", file=sys.stderr)


async def _restore(collector: Collector, digest: str, repository: str | None) -> None:
    deletions = await collector.deletions.find(digest, LISTED)
    wanted = [each for each in deletions if repository in (None, each.repository)]
    if not wanted:
        where = f" from {repository}" if repository else ""
        raise NothingToRestoreError(
            f"no deletion of {digest}{where} is remembered: `wharf gc --deleted` lists those that can be undone"
        )
    # Blobs first: a manifest may need one that was deleted from its repository as well.
    for each in sorted(wanted, key=lambda each: each.kind == MANIFEST):
        tags = await collector.deletions.restore(each)
        tagged = f", tagged {', '.join(tags)}" if tags else ""
        print(f"{each.kind} {each.digest} is back in {each.repository}{tagged}")
