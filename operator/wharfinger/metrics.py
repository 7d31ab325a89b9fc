"""The operator's own figures, in Prometheus' text format.

Rule: every metric is declared here, once, with its help text; label values are bounded sets, never user input.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import accumulate

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
Labels = tuple[str, ...]


class Metric:
    """A named family of numbers. Subclasses say how it is kept."""

    kind = "untyped"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        self.name = name
        self.help = help_text
        self.labels = labels

    def samples(self) -> Iterator[str]:
        """Yield the family's lines in text format."""
        raise NotImplementedError

    def _line(self, suffix: str, values: Labels, number: float, extra: str = "") -> str:
        pairs = [f'{name}="{_escape(value)}"' for name, value in zip(self.labels, values, strict=True)]
        pairs.extend([extra] if extra else [])
        return f"{self.name}{suffix}{{{','.join(pairs)}}} {number:g}" if pairs else f"{self.name}{suffix} {number:g}"


class Counter(Metric):
    """A number that only grows."""

    kind = "counter"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        super().__init__(name, help_text, labels)
        self.values: dict[Labels, float] = {} if labels else {(): 0.0}

    def inc(self, *labels: str, by: float = 1.0) -> None:
        """Add to the number with these label values."""
        self.values[labels] = self.values.get(labels, 0.0) + by

    def samples(self) -> Iterator[str]:
        """Yield one line a label set."""
        for values, number in sorted(self.values.items()):
            yield self._line("", values, number)


class Gauge(Metric):
    """Numbers read when somebody asks for them."""

    kind = "gauge"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        super().__init__(name, help_text, labels)
        self.read: Callable[[], dict[Labels, float]] = dict

    def samples(self) -> Iterator[str]:
        """Yield one line a label set, as of now."""
        for values, number in sorted(self.read().items()):
            yield self._line("", values, number)


class Histogram(Metric):
    """How durations (in seconds) are spread."""

    kind = "histogram"

    def __init__(self, name: str, help_text: str, labels: Labels = ()) -> None:
        super().__init__(name, help_text, labels)
        self.values: dict[Labels, tuple[list[int], float]] = {}

    def observe(self, seconds: float, *labels: str) -> None:
        """Count one duration."""
        counts, total = self.values.get(labels, ([0] * (len(_BUCKETS) + 1), 0.0))
        counts[bisect_left(_BUCKETS, seconds)] += 1
        self.values[labels] = (counts, total + seconds)

    def samples(self) -> Iterator[str]:
        """Yield cumulative buckets, sum and count for each label set."""
        bounds = [*(f"{bound:g}" for bound in _BUCKETS), "+Inf"]
        for values, (counts, total) in sorted(self.values.items()):
            for bound, count in zip(bounds, accumulate(counts), strict=True):
                yield self._line("_bucket", values, count, f'le="{bound}"')
            yield self._line("_sum", values, total)
            yield self._line("_count", values, sum(counts))


API_REQUESTS = Counter(
    "wharfinger_api_requests_total", "Requests to the API server (watches count once, when opened).", ("verb", "code")
)
RECONCILES = Counter(
    "wharfinger_reconciles_total",
    "Reconciles by result: unchanged, written, refused, error, timeout or defect.",
    ("result",),
)
RECONCILE_SECONDS = Histogram("wharfinger_reconcile_duration_seconds", "How long one reconcile takes.")
QUEUE_SECONDS = Histogram("wharfinger_queue_wait_seconds", "How long a key waits before a worker takes it.")
QUEUE_DEPTH = Gauge("wharfinger_queue_depth", "Keys that wait for a worker.")
RELISTS = Counter(
    "wharfinger_relists_total",
    "Full lists made by an informer; more than one of a kind is a gap in a watch.",
    ("kind",),
)
CACHED = Gauge("wharfinger_cached_objects", "Objects held in the watch cache.", ("kind",))
CONDITIONS = Gauge("wharfinger_registry_conditions", "Registries by condition and its status.", ("type", "status"))
REASONS = Gauge("wharfinger_registry_reasons", "Registries by condition and its reason.", ("type", "reason"))
LEADER = Gauge("wharfinger_leader", "1 in the operator that works, 0 in one that stands by.")
REPORTS = Counter(
    "wharfinger_report_polls_total", "Registry pods asked for their report, by result: report or none.", ("result",)
)
FRONT_DOOR_RESTARTS = Counter("wharfinger_kopf_restarts_total", "Times that Kopf ended and was started again.")

ALL: tuple[Metric, ...] = (
    API_REQUESTS,
    RECONCILES,
    RECONCILE_SECONDS,
    QUEUE_SECONDS,
    QUEUE_DEPTH,
    RELISTS,
    CACHED,
    CONDITIONS,
    REASONS,
    LEADER,
    REPORTS,
    FRONT_DOOR_RESTARTS,
)


def render(metrics: tuple[Metric, ...] = ALL) -> str:
    """Return the exposition of the given metrics (Prometheus text format 0.0.4)."""
    lines: list[str] = []
    for metric in metrics:
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}", *metric.samples()]
    return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
