"""The picture of a run: how many times better wharf is than each other server, with the targets marked.

Rule: the picture shows what the table says, and no more: rows that have a target over another server.
"""

from __future__ import annotations

from pathlib import Path

from matplotlib.figure import Figure

from bench.figures import Run
from bench.rows import ratio
from bench.targets import target

_COLOURS = {"Distribution": "#4c72b0", "zot": "#55a868", "nginx": "#c44e52"}


def draw(run: Run, path: Path) -> None:
    """Write the picture as a PNG file."""
    rows = [row for row in run.measures if (found := target(row)) and found.times and run.median(row, "wharf")]
    others = [name for name in run.names if name != "wharf"]
    figure = Figure(figsize=(9, 1.5 + 0.5 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    height = 0.8 / max(1, len(others))
    for number, name in enumerate(others):
        for place, row in enumerate(rows):
            ours, theirs = run.median(row, "wharf"), run.median(row, name)
            if not ours or not theirs:
                continue
            times = ratio(row, ours, theirs)
            at = place + (number - (len(others) - 1) / 2) * height
            label = name if name not in axes.get_legend_handles_labels()[1] else None
            axes.barh(at, times, height, color=_COLOURS.get(name), label=label)
            axes.text(times, at, f" {times:.1f}", va="center", fontsize=7)
            found = target(row)
            if found is not None and name in found.times:
                axes.plot([found.times[name]] * 2, [at - height / 2, at + height / 2], color="black", linewidth=2)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xlabel("times better than the other server; black: the target")
    if axes.get_legend_handles_labels()[1]:
        axes.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=110, metadata={"Software": None})
