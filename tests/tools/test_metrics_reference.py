"""The reference of metrics has what /metrics has."""

from tools.metrics_reference import metrics_page, of_operator, of_registry

import wharfinger.metrics
from wharf.metrics import Metrics


def names(exposition: str) -> set[str]:
    return {line.split()[2] for line in exposition.splitlines() if line.startswith("# TYPE ")}


def test_every_metric_that_is_exposed_is_described() -> None:
    exposed = names(Metrics().exposition()) | names(wharfinger.metrics.render())
    assert {name for name, *_ in [*of_registry(), *of_operator()]} == exposed
    page = metrics_page()
    assert all(f"| `{name}` | " in page for name in exposed)


def test_a_meaning_is_a_sentence_and_no_name_is_used_twice() -> None:
    rows = [*of_registry(), *of_operator()]
    assert [text for *_, text in rows if not text.endswith(".")] == []
    assert len({name for name, *_ in rows}) == len(rows)
