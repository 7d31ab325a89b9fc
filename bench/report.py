"""The table of a run: medians, and how many times better than each other server wharf is."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from bench.figures import Effort, Run

TARGETS = {
    "manifest GET, plain, requests/s": "8 x Distribution, 3 x zot",
    "manifest GET, TLS, requests/s": "8 x Distribution, 3 x zot",
    "manifest GET, plain, p99 ms": "under theirs",
    "manifest GET, TLS, p99 ms": "under theirs",
    "blob GET, plain, MB/s": "1.5 x, and nginx",
    "blob GET, TLS, MB/s": "2 x, and nginx",
    "blob PUT and manifest, plain, MB/s": "1.3 x",
    "blob PUT and manifest, TLS, MB/s": "1.3 x",
    "small images pushed, plain, images/s": "2 x",
    "small images pushed, TLS, images/s": "2 x",
    "memory at rest, MB": "< 80",
}


def smaller_is_better(row: str) -> bool:
    """Whether a row is a cost."""
    return row.endswith((" ms", ", MB")) or ", CPU " in row


def ratio(row: str, ours: float, theirs: float) -> float:
    """How many times better `ours` is."""
    better, worse = (theirs, ours) if smaller_is_better(row) else (ours, theirs)
    return better / worse


def table(run: Run) -> str:
    """The figures in Markdown."""
    names = [name for name in ("wharf", "Distribution", "zot", "nginx") if name in run.names]
    others = names[1:]
    lines = [
        f"| figure | {' | '.join(names)} | {' | '.join(f'better than {name}' for name in others)} | target |",
        "|---|" + "---|" * (len(names) + len(others) + 1),
    ]
    for row in run.measures:
        values = {name: run.median(row, name) for name in names}
        ours = values["wharf"]
        cells = [_number(values[name]) for name in names]
        for name in others:
            theirs = values[name]
            cells.append(f"{ratio(row, ours, theirs):.1f} x" if ours and theirs else "")
        lines.append(f"| {row} | {' | '.join(cells)} | {TARGETS.get(row, '')} |")
    return "\n".join(lines) + "\n"


def page(run: Run, command: str, now: datetime) -> str:
    """The page that is kept of a run."""
    return (
        "# Benchmark\n\n"
        f"Written by `{command}` on {now.astimezone(UTC):%Y-%m-%d}; Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, which the clients share with the servers.\n"
        f"{_effort(run.effort)}\n\n"
        "Read the ratios: the numbers are those of one machine and one day. All are as shipped, with their access\n"
        "logs, the same certificate and the same htpasswd file (bcrypt, cost 5). wharf flushes to disk before it\n"
        "acknowledges a manifest; the others flush nothing.\n\n" + table(run)
    )


def _effort(effort: Effort) -> str:
    return (
        f"Medians of {effort.rounds} round(s); manifests for {effort.seconds} s a round; large blobs of "
        f"{effort.blob >> 20} MiB; {effort.images} images of 5 layers and a configuration by 8 clients."
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
