"""`kubectl registry gc`: what would go and why, or a sweep now, with its progress.

Rule: the registry decides; this runs its own `wharf gc` in its pod and shows what it says.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kubectl_registry import registries, wording
from kubectl_registry.errors import PluginError
from kubectl_registry.kube.execution import Target, execute
from kubectl_registry.screen import Cell
from kubectl_registry.session import Session

COMMAND = ("python3", "-m", "wharf", "gc", "--config", "/etc/wharf/config.yaml", "--output", "json")
COLUMNS = ("WHAT", "DIGEST", "SIZE", "REPOSITORY", "WHY")
DELETE = "delete"

Decision = Mapping[str, Any]


@dataclass
class Sweep:
    """What `wharf gc` has said so far: a decision a line, then a summary."""

    decisions: list[Decision] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def hear(self, line: str) -> bool:
        """Take a line; whether it was a decision."""
        self.lines.append(line)
        text = line.strip().removesuffix(",")
        if not text.startswith('{"verdict"'):
            return False
        self.decisions.append(json.loads(text))
        return True

    def summary(self) -> Mapping[str, Any]:
        """What was done in all. Raises PluginError when the document is not whole."""
        try:
            return dict(json.loads("\n".join(self.lines))["summary"])
        except (ValueError, KeyError) as error:
            raise PluginError("the registry's answer is not what `wharf gc` says: is its image another's?") from error


def run(session: Session) -> int:
    """Carry out the command."""
    registry, options, screen = session.registry(), session.options, session.screen
    target = Target(session.namespace, session.running_pod(registry))
    with screen.waiting("Looking for what nothing needs any more"):
        sweep = _ask(session, target, dry_run=True)
    if not options.dry_run:
        total = len(sweep.decisions)
        with screen.progress("Removing what nothing needs any more", total) as bar:
            sweep = _ask(session, target, dry_run=False, advance=lambda: bar.advance(0))  # type: ignore[arg-type]  # task 0
    shown = listed(sweep.decisions, everything=options.all)
    if screen.as_json:
        screen.object({"decisions": shown, "summary": sweep.summary()})
        return 0
    screen.table(COLUMNS, rows(shown))
    screen.line(total_line(sweep.summary(), dry_run=options.dry_run, name=registries.name(registry)))
    return 0


def listed(decisions: Iterable[Decision], *, everything: bool) -> list[Decision]:
    """The decisions to show: what goes, the largest first; then, if asked for, what stays."""
    chosen = [each for each in decisions if everything or each["verdict"] == DELETE]
    return sorted(chosen, key=lambda each: (each["verdict"] != DELETE, -each["size"], each["digest"]))


def rows(decisions: Iterable[Decision]) -> list[Sequence[Cell]]:
    """The table."""
    return [
        (
            each["kind"] if each["verdict"] == DELETE else f"{each['kind']} (stays)",
            str(each["digest"])[:19],
            wording.amount(each["size"]),
            each["repository"] or "-",
            each["message"],
        )
        for each in decisions
    ]


def total_line(summary: Mapping[str, Any], *, dry_run: bool, name: str) -> str:
    """What goes and stays in all."""
    gone = (
        f"{wording.count(summary['manifestsDeleted'], 'manifest')} and {wording.count(summary['blobsDeleted'], 'blob')}"
    )
    kept = f"{wording.count(summary['manifestsKept'], 'manifest')} and {wording.count(summary['blobsKept'], 'blob')}"
    freed = wording.amount(summary["freed"])
    if dry_run:
        return f"{gone} would go, {freed} would be freed; {kept} stay. To do it now: kubectl registry gc {name}"
    return f"{gone} went, {freed} freed; {kept} stay."


def _ask(session: Session, target: Target, *, dry_run: bool, advance: Any = None) -> Sweep:
    sweep = Sweep()

    def listen(line: str) -> None:
        if sweep.hear(line) and advance is not None:
            advance()

    command = [*COMMAND, *(["--dry-run"] if dry_run else [])]
    done = execute(session.api, target, command, timeout=session.options.timeout, listen=listen)
    if done.status:
        raise PluginError(f"`wharf gc` failed in pod {target.pod}: {done.complaints.strip() or done.output.strip()}")
    return sweep
