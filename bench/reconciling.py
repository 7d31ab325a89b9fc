"""The command `python -m bench.reconciling`: measures the operator, and writes docs/benchmarks/operator.md.

Rule: the page says what the machine did besides, and which target was missed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench.registries import Effort, Figures, measure, quantile

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks" / "operator.md"
QUICK = Effort(registries=100, rounds=2, rest=10.0, edits=50)
Row = tuple[str, str, str, bool]  # figure, value, target, whether it is met


def rows(found: Figures, effort: Effort) -> Iterator[Row]:
    """The table: each figure that has a target."""
    many = f"{effort.registries:,} Registries"
    ours, bare = (sum(pair[side].rate for pair in found.rounds) / len(found.rounds) for side in (0, 1))
    value = f"{ours / bare:.2f} ({ours:.0f} and {bare:.0f} children/s)"
    yield f"{many} made, of the rate of a bare client", value, ">= 0.8", ours >= 0.8 * bare
    yield f"{many} at rest, memory", f"{found.memory:.0f} MB", "< 200 MB", found.memory < 200
    yield f"{many} at rest, processor", f"{found.core:.2f} % of a core", "< 1 %", found.core < 1
    yield f"{many} at rest, requests beyond watches and the Lease", f"{found.asked}", "0", found.asked == 0
    p50, p99 = (quantile(found.edits, part) for part in (0.5, 0.99))
    yield "edit of one among them -> child updated, p50", f"{p50:.1f} ms", "", True
    yield "edit of one among them -> child updated, p99", f"{p99:.1f} ms", "< 50 ms", p99 < 50
    yield f"restart with {many} -> settled", f"{found.settled:.1f} s", "< 3 s", found.settled < 3
    yield f"restart with {many}, writes", f"{found.writes}", "0", found.writes == 0


def table(found: Figures, effort: Effort) -> str:
    """The same in Markdown, and what making one Registry takes."""
    lines = ["| figure | measured | target | |", "|---|---|---|---|"]
    for figure, value, target, met in rows(found, effort):
        verdict = "" if not target else "met" if met else "missed"
        lines.append(f"| {figure} | {value} | {target} | {verdict} |")
    ours, bare = (sum(pair[side].cpu for pair in found.rounds) / len(found.rounds) * 1e3 for side in (0, 1))
    asked = ", ".join(
        f"{count / effort.registries:.3g} x {what}" for what, count in sorted(found.requests.items()) if count
    )
    total = found.requests.total() / effort.registries
    lines += [
        "",
        f"Making one Registry of {found.children} children takes {ours:.1f} ms of a core in the operator; applying",
        f"the finished children takes {bare:.1f} ms in the bare client. The operator sends {total:.1f} requests:",
        f"{asked}.",
    ]
    return "\n".join(lines) + "\n"


def page(found: Figures, effort: Effort, loads: tuple[float, float], now: datetime) -> str:
    """The page that is kept of a run."""
    return (
        "# Benchmark of the operator\n\n"
        f"Written by `make bench` on {now.astimezone(UTC):%Y-%m-%d}; Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, which etcd, the API server, the\noperator and what measures them share. Load "
        f"average of the machine when it began and ended: {loads[0]:.1f} and {loads[1]:.1f}. Beyond 2,\nother work "
        "waits for the same processors, and what is measured by the clock is low and uncertain.\n\n"
        f"A real etcd and API server, no nodes. {effort.rounds} rounds of {effort.registries // effort.rounds} "
        "Registries (`spec: {}`): in each the operator makes them, and then\na bare client applies the same children "
        "by server-side apply, with as many requests at a time as the operator has\nworkers. The rate counts from the "
        "creation of the first Registry to the last child, so it includes the creation of\nthe Registries. Then "
        "something stands in for nodes, all become Ready, and the operator rests for "
        f"{effort.rest:.0f} s, in which it\npolls their pods. An edit is timed from sending it to seeing it on the "
        "Registry's Service by a watch; a restart from the\nstart of the process, imports and all, until every "
        "Registry has been looked at and nothing waits (pods\nare asked after that, in their turn). Requests are "
        "counted from the API server's audit log.\n\n" + table(found, effort)
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(
        prog="bench.reconciling",
        description="Measure the operator against etcd and kube-apiserver (built on first use).",
    )
    parser.add_argument("--quick", action="store_true", help="few Registries; writes no page")
    parser.add_argument("--registries", type=int, default=Effort.registries, metavar="N", help="how many (1000)")
    options = parser.parse_args()
    effort = QUICK if options.quick else Effort(registries=options.registries)
    begun = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="wharfinger-bench-") as directory:
        found = asyncio.run(measure(effort, Path(directory), lambda text: print(text, file=sys.stderr, flush=True)))
    print(table(found, effort))
    if not options.quick:
        loads = begun, os.getloadavg()[0]
        PAGE.write_text(page(found, effort, loads, datetime.now(UTC)))  # noqa: TID251 - a command line dates its page
        print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
