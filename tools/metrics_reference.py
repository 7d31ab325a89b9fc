"""Makes docs/reference/metrics.md from the declarations of both packages' metrics.

Rule: whatever /metrics has is on the page, with the help text that /metrics gives; nothing else is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import wharfinger.metrics
from wharf.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Row = tuple[str, str, "Sequence[str]", str]
"""Name, kind, labels and help of a metric."""

INTRO = """# Metrics

All are in Prometheus' text format. A histogram `NAME` has the series `NAME_bucket`, `NAME_sum` and `NAME_count`;
labels have few values, never a repository, a user or a digest. Times are in seconds, timestamps are Unix time.
"""

REGISTRY = """## Of a registry

`/metrics` of the admin port, 5001, with `Authorization: Bearer` and the admin token where one is set. Names that begin
with `registry_` are those of other registries where the meaning is the same. Values belong to one process, unless the
meaning says that they are of the whole registry.
"""

OPERATOR = """## Of the operator

`/metrics` of `WHARFINGER_PORT`, 8080.
"""


def of_registry() -> list[Row]:
    """What wharf declares."""
    return [(one.name, one.kind, one.labels, one.text) for one in vars(Metrics()).values()]


def of_operator() -> list[Row]:
    """What the operator declares."""
    return [(one.name, one.kind, one.labels, one.help) for one in wharfinger.metrics.ALL]


def metrics_page() -> str:
    """The reference of all metrics, without the note that it is generated."""
    return "\n".join([INTRO, REGISTRY, table(of_registry()), OPERATOR, table(of_operator())])


def table(rows: Iterable[Row]) -> str:
    """A table of metrics, by name."""
    head = "| metric | kind | labels | meaning |\n|---|---|---|---|\n"
    return head + "".join(
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |\n"
        for name, kind, labels, text in sorted(rows)
    )
