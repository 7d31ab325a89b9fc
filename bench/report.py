"""The table of a run: medians, and how many times better than each other server wharf is."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from bench.figures import Effort, Run
from bench.network import USUAL, congestion_control
from bench.rows import ratio
from bench.targets import target
from bench.webhooks import SECONDS, TURNS


def table(run: Run) -> str:
    """The figures in Markdown."""
    names = [name for name in ("wharf", "Distribution", "zot", "nginx") if name in run.names]
    others = names[1:]
    lines = [
        f"| figure | {' | '.join(names)} | {' | '.join(f'better than {name}' for name in others)} | target | |",
        "|---|" + "---|" * (len(names) + len(others) + 2),
    ]
    for row in run.measures:
        values: dict[str, float | None] = {name: run.median(row, name) for name in names}
        ours = values["wharf"]
        cells = [_number(values[name]) for name in names]
        for name in others:
            theirs = values[name]
            cells.append(f"{ratio(row, ours, theirs):.1f} x" if ours and theirs else "")
        goal = target(row)
        cells += [goal.text(), goal.verdict(row, values)] if goal else ["", ""]
        lines.append(f"| {row} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page(run: Run, command: str, now: datetime) -> str:
    """The page that is kept of a run."""
    return (
        "# Benchmark\n\n"
        f"Written by `{command}` on {now.astimezone(UTC):%Y-%m-%d}; Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, which the clients share with the servers.\n"
        f"{_effort(run.effort)}\n\n"
        f"{_load(run)}\n\n"
        "![How many times better wharf is](results.png)\n\n"
        "Read the ratios: the numbers are those of one machine and one day. All are as shipped, with their access\n"
        "logs, the same certificate and the same htpasswd file (bcrypt, cost 5). wharf flushes to disk before it\n"
        "acknowledges a manifest; the others flush nothing. Large bodies go through a client that costs next to\n"
        "nothing: what it fetches it drops in the kernel, and what it sends it has encrypted before. The rows of curl\n"
        "are the same with a client as people use it, which shares the processors with the server. Before each turn\n"
        "that writes, what the last one wrote is flushed, and free memory is touched once; before each GET of a blob\n"
        "it is fetched once more, for a system may take pages away that nobody has used for a minute.\n"
        f"{_network()}\n\n" + table(run)
    )


def webhooks_page(run: Run, command: str, now: datetime) -> str:
    """The page that is kept of a run of the figures of webhooks."""
    return (
        "# What webhooks cost\n\n"
        f"Written by `{command}` on {now.astimezone(UTC):%Y-%m-%d}; Python {platform.python_version()}, "
        f"{os.cpu_count()} processors, which the clients share with the servers.\n\n"
        f"{_load(run)}\n\n"
        "One registry takes turns without webhooks and with three, of which one is dead; its configuration is loaded\n"
        f"anew for each. In a turn {run.effort.images} images of 5 layers are pushed by 8 clients, or one manifest is\n"
        f"pulled on 32 connections for {SECONDS} s. A share is the median of all pairs of turns that were neighbours,\n"
        f"{TURNS * run.effort.seconds} in each of {run.effort.rounds} rounds, with a process each.\n"
        "Some more come before each turn and do not count: what they cause is delivered in it, as what the turn's\n"
        "last moments cause is after it; all of it arrived. Pulls are told as they are while a registry is\n"
        "busy: most wait until it is quieter, and telling of those is not in the figures. The receiver stands for\n"
        "machines of others: a process that does next to nothing with a request. What it takes of processors is in\n"
        "the figures by the clock, and not in processor time.\n\n" + table(run)
    )


def _network() -> str:
    found = congestion_control()
    usual = ", as Linux has it unless told otherwise; BBR would pace loopback" if found == USUAL else ""
    return f"TCP's congestion control was {found}{usual}."


def _load(run: Run) -> str:
    """How busy the machine was, with the benchmark itself and with everything else."""
    zot = (
        ""
        if "zot" in run.names or "Distribution" not in run.names
        else "\nzot was not at hand: `ZOT` names its binary where it is."
    )
    if not run.loads:
        return zot.strip()
    return (
        f"Load average of the machine when each figure began: {min(run.loads):.1f} to {max(run.loads):.1f}. Beyond 2, "
        "other work waits for the same processors,\nand figures by the clock are low and uncertain; those of "
        f"processor time are then what to go by. All ran at nice {os.getpriority(os.PRIO_PROCESS, 0)}.{zot}"
    )


def _effort(effort: Effort) -> str:
    return (
        f"Medians of {effort.rounds} round(s); manifests for {effort.seconds} s a round; large blobs of "
        f"{effort.blob >> 20} MiB;\n{effort.images} images of 5 layers and a configuration by 8 clients."
    )


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
