"""Counters, gauges and histograms in Prometheus' text exposition format, and every metric that wharf has.

Rule: a metric is declared here, once, with its help; names are Distribution's where the meaning is the same. Labels
have few values: never a repository, a user or a digest. Values belong to one process,
unless it is told those of others.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
BYTES = (256.0, 1024.0, 16384.0, 262144.0, 1048576.0, 16777216.0, 268435456.0, 4294967296.0)

Labels = tuple[str, ...]

State = list[tuple[Labels, list[float]]]
"""The values of one metric, by labels, as one process tells another."""

Combine = Callable[[float, float], float]


class Counter:
    """A value per combination of labels; a gauge is one that may also fall."""

    def __init__(self, name: str, text: str, labels: Sequence[str] = (), kind: str = "counter") -> None:
        self.name, self.text, self.labels, self.kind = name, text, tuple(labels), kind
        self.values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, *labels: str, amount: float = 1.0) -> None:
        """Add to the value of these labels."""
        self.values[labels] = self.values.get(labels, 0.0) + amount

    def set(self, *labels: str, value: float) -> None:
        """Set the value of these labels."""
        self.values[labels] = value

    def total(self) -> float:
        """The sum over all labels."""
        return sum(self.values.values())

    def state(self) -> State:
        """The values, to be told."""
        return [(labels, [value]) for labels, value in self.values.items()]

    def take(self, states: Sequence[State], combine: Combine) -> None:
        """Combine the values of others with these."""
        for labels, (value,) in chain.from_iterable(states):
            self.values[labels] = combine(self.values[labels], value) if labels in self.values else value

    def lines(self) -> Iterator[str]:
        """The samples."""
        for labels, value in sorted(self.values.items()):
            yield f"{self.name}{_braces(self.labels, labels)} {_number(value)}"


class Histogram:
    """How many observations fell under each bound, their sum and their count."""

    kind = "histogram"

    def __init__(self, name: str, text: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self.name, self.text, self.labels, self.bounds = name, text, tuple(labels), tuple(bounds)
        self.counts: dict[Labels, list[int]] = {}
        self.sums: dict[Labels, float] = {}

    def observe(self, *labels: str, value: float, times: int = 1) -> None:
        """Count an observation, or several of the same value."""
        counts = self.counts.get(labels)
        if counts is None:
            counts = self.counts[labels] = [0] * (len(self.bounds) + 1)
        counts[bisect_left(self.bounds, value)] += times
        self.sums[labels] = self.sums.get(labels, 0.0) + value * times

    def state(self) -> State:
        """The counts and the sum, to be told."""
        return [(labels, [*counts, self.sums[labels]]) for labels, counts in self.counts.items()]

    def take(self, states: Sequence[State], combine: Combine) -> None:
        """Combine the values of others with these."""
        for labels, (*counts, total) in chain.from_iterable(states):
            mine = self.counts.get(labels, [0] * len(counts))
            self.counts[labels] = [int(combine(one, other)) for one, other in zip(mine, counts, strict=True)]
            self.sums[labels] = combine(self.sums.get(labels, 0.0), total)

    def lines(self) -> Iterator[str]:
        """The samples."""
        names = (*self.labels, "le")
        for labels, counts in sorted(self.counts.items()):
            total = 0
            for bound, count in zip((*self.bounds, float("inf")), counts, strict=True):
                total += count
                yield f"{self.name}_bucket{_braces(names, (*labels, _number(bound)))} {total}"
            yield f"{self.name}_sum{_braces(self.labels, labels)} {_number(self.sums[labels])}"
            yield f"{self.name}_count{_braces(self.labels, labels)} {total}"


_OF_A_PROCESS: dict[str, Combine] = {
    **dict.fromkeys(("requests", "duration", "in_flight", "request_size", "response_size", "logins"), operator.add),
    "reload_failed": max,
    "reload_time": min,
}
"""What each process counts for itself, and how several of them are one. All else is of the whole registry."""


class Metrics:
    """The metrics of one wharf."""

    def __init__(self) -> None:
        self.standby = Counter(
            "wharf_standby", "1 while another host has the data open, and requests are passed on to it.", kind="gauge"
        )
        self._declare_requests()
        self._declare_storage()
        self._declare_garbage()
        self._declare_scrubbing()
        self.webhook_events = Counter(
            "wharf_webhook_events", "Events of each webhook, by state.", ("webhook", "state"), kind="gauge"
        )
        self.pulls_lost = Counter(
            "wharf_pull_events_lost_total", "Pulls that webhooks were not told of, as there was no room to note them."
        )

    def _declare_requests(self) -> None:
        request = ("method", "handler")
        self.requests = Counter("registry_http_requests_total", "Requests answered.", ("method", "handler", "code"))
        self.duration = Histogram(
            "registry_http_request_duration_seconds", "Seconds from request to end of answer.", request, SECONDS
        )
        self.in_flight = Counter("registry_http_in_flight_requests", "Requests being answered.", kind="gauge")
        self.request_size = Histogram("registry_http_request_size_bytes", "Bytes of request bodies.", request, BYTES)
        self.response_size = Histogram("registry_http_response_size_bytes", "Bytes of answers.", request, BYTES)
        self.logins = Counter(
            "wharf_logins_total", "Credentials seen, by outcome: accepted, refused or limited.", ("outcome",)
        )
        self.reload_failed = Counter(
            "wharf_reload_failed", "1 while the newest version of a file cannot be used.", ("file",), kind="gauge"
        )
        self.reload_time = Counter(
            "wharf_reload_timestamp_seconds", "When the file in use was loaded.", ("file",), kind="gauge"
        )

    def _declare_storage(self) -> None:
        self.storage = Counter(
            "wharf_storage_bytes", "Bytes of the storage, by what they are.", ("kind",), kind="gauge"
        )
        self.read_only = Counter(
            "wharf_read_only", "1 while pushes are refused: by the configuration, or for want of space.", kind="gauge"
        )

    def _declare_garbage(self) -> None:
        self.garbage_deleted = Counter(
            "wharf_garbage_deleted_total", "What sweeps have removed, of the whole registry.", ("kind",)
        )
        self.garbage_freed = Counter(
            "wharf_garbage_freed_bytes_total", "Bytes that sweeps have freed, of the whole registry."
        )
        self.garbage_time = Counter(
            "wharf_garbage_last_run_timestamp_seconds", "When the last sweep began; 0 for never.", kind="gauge"
        )
        self.garbage_failed = Counter("wharf_garbage_failed", "1 when the last sweep failed.", kind="gauge")
        self.garbage_doubted = Counter(
            "wharf_garbage_doubted_blobs",
            "Blobs for whose sake nothing is removed: the index is not the one that they were last seen with.",
            kind="gauge",
        )

    def _declare_scrubbing(self) -> None:
        self.scrub_blobs = Counter("wharf_scrub_blobs_total", "Blobs that scrubbing has hashed again.")
        self.scrub_bytes = Counter("wharf_scrub_bytes_total", "Bytes that scrubbing has read.")
        self.scrub_damaged = Counter(
            "wharf_scrub_damaged_blobs",
            "Blobs that were found damaged, by scrubbing or a pull, and were not pushed again since.",
            kind="gauge",
        )
        self.scrub_time = Counter(
            "wharf_scrub_last_round_timestamp_seconds",
            "When scrubbing last came to the end of all blobs; 0 for never.",
            kind="gauge",
        )

    def state(self) -> dict[str, State]:
        """What belongs to this process alone, to be told."""
        return {name: getattr(self, name).state() for name in _OF_A_PROCESS}

    def exposition(self, others: Sequence[dict[str, State]] = ()) -> str:
        """Everything, with what belongs to other processes, in the text exposition format, version 0.0.4."""
        whole = dict(vars(self))
        for name, combine in _OF_A_PROCESS.items() if others else ():
            whole[name] = deepcopy(whole[name])
            whole[name].take([other[name] for other in others], combine)
        return _text(whole.values())

    def of_standby(self) -> str:
        """What one that stands by has to say: all else is the active one's."""
        return _text([self.standby, self.reload_failed, self.reload_time])


def _text(metrics: Iterable[Counter | Histogram]) -> str:
    lines = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.text}", f"# TYPE {metric.name} {metric.kind}", *metric.lines()]
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    if value == float("inf"):
        return "+Inf"
    return str(int(value)) if value == int(value) else repr(value)


def _braces(names: Sequence[str], values: Sequence[str]) -> str:
    if not names:
        return ""
    escaped = (value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for value in values)
    return "{" + ",".join(f'{name}="{value}"' for name, value in zip(names, escaped, strict=True)) + "}"
