"""The command `wharf verify`: proof that the registry holds what it says, and repair.

Rule: findings go to standard output, progress to standard error. The exit status is 0 when nothing is wrong, or all of
it is repaired, and 1 otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from wharf import clock, place, progress
from wharf.metadata.sqlite_audit import SqliteAudit
from wharf.metadata.sqlite_doubts import SqliteDoubts
from wharf.metadata.sqlite_settings import SqliteSettings
from wharf.upkeep import opened
from wharf.verify.verifier import Storage, Verifier
from wharf.witness import Witness
from wharf.wording import count

if TYPE_CHECKING:
    from wharf.metadata.audit import Counts
    from wharf.verify.findings import Finding, Tally


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    verify = commands.add_parser(
        "verify",
        help="prove that the registry holds what it says, and repair it",
        description="Hash all content again, and compare the index with files and manifests. It is safe while the "
        "registry serves. Exit status 0: nothing is wrong, or all is repaired; 1: something is.",
    )
    verify.add_argument("--repair", action="store_true", help="repair what can be repaired without guessing")
    verify.add_argument("-o", "--output", choices=("text", "json"), default="text", help="how findings are printed")
    place.add_options(verify)
    verify.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Carry out the command. Raises what storage raises."""
    _, data = place.of(options)
    tally = asyncio.run(_run(data, options.repair, options.output == "json"))
    if tally.problems > tally.solved:
        sys.exit(1)


async def _run(data: str, repair: bool, as_json: bool) -> Tally:
    with opened(data) as storage:
        audit = SqliteAudit(storage.index, clock.now)
        witness = Witness(SqliteSettings(storage.index), storage.layout.mark)
        verifier = Verifier(Storage(audit, SqliteDoubts(storage.index), storage.layout, witness), repair=repair)
        line = partial(how_far, await audit.counts(), verifier.tally)
        async with progress.told(line):
            async for finding in verifier.run():
                print(_json(finding) if as_json else _text(finding), flush=True)
        print(line(), file=sys.stderr)
        summary = f"{count(verifier.tally.problems, 'problem')}, {verifier.tally.solved} repaired"
        print(summary if verifier.tally.problems else "nothing is wrong", file=sys.stderr)
        return verifier.tally


def _text(finding: Finding) -> str:
    lines = [f"{finding.problem.code} {finding.subject}: {finding.message}"]
    if finding.users:
        lines.append(f"  concerns {', '.join(finding.users)}")
    if finding.done:
        lines.append(f"  repaired: {finding.done}")
    if not finding.solved:
        lines.append(f"  remedy: {finding.problem.remedy}")
    return "\n".join(lines)


def _json(finding: Finding) -> str:
    """One object a line."""
    found = {
        "problem": finding.problem.code,
        "subject": finding.subject,
        "message": finding.message,
        "concerns": finding.users,
        "done": finding.done,
        "solved": finding.solved,
        "remedy": "" if finding.solved else finding.problem.remedy,
    }
    return msgspec.json.encode(found).decode()


def how_far(counts: Counts, tally: Tally) -> str:
    """How far verification has come, in words."""
    return (
        f"{tally.manifests} of {counts.manifests} manifests, {tally.blobs} of {counts.blobs} blobs, "
        f"{tally.size >> 20} of {counts.size >> 20} MiB"
    )
