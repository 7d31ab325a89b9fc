"""Metrics are written in Prometheus' text form."""

import re
from pathlib import Path

import pytest

from wharfinger import metrics


def test_a_counter_grows_by_label() -> None:
    counter = metrics.Counter("c_total", "Help.", ("verb", "code"))
    counter.inc("get", "200")
    counter.inc("get", "200", by=2)
    counter.inc("list", "500")
    assert metrics.render((counter,)) == (
        "# HELP c_total Help.\n# TYPE c_total counter\n"
        'c_total{verb="get",code="200"} 3\nc_total{verb="list",code="500"} 1\n'
    )


def test_a_counter_without_labels_is_there_from_the_start() -> None:
    assert "c_total 0\n" in metrics.render((metrics.Counter("c_total", "Help."),))


def test_a_gauge_is_read_when_asked_for() -> None:
    gauge = metrics.Gauge("g", "Help.", ("kind",))
    assert list(gauge.samples()) == []
    gauge.read = lambda: {('a"b\\c\nd',): 1.5}
    assert list(gauge.samples()) == [r'g{kind="a\"b\\c\nd"} 1.5']


def test_a_histogram_is_cumulative() -> None:
    histogram = metrics.Histogram("h_seconds", "Help.")
    for seconds in (0.0005, 0.001, 0.03, 99.0):
        histogram.observe(seconds)
    lines = list(histogram.samples())
    assert lines[0] == 'h_seconds_bucket{le="0.001"} 2'
    assert 'h_seconds_bucket{le="0.05"} 3' in lines
    assert lines[-3] == 'h_seconds_bucket{le="+Inf"} 4'
    assert lines[-2].startswith("h_seconds_sum 99.03")
    assert lines[-1] == "h_seconds_count 4"


def test_a_family_has_to_say_how_it_is_kept() -> None:
    with pytest.raises(NotImplementedError):
        metrics.Metric("m", "Help.").samples()


def test_the_reference_has_every_metric() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "metrics.md").read_text()
    assert set(re.findall(r"^\| `(wharfinger_\w+)`", page, re.MULTILINE)) == {metric.name for metric in metrics.ALL}


def test_names_and_help_follow_the_conventions() -> None:
    for metric in metrics.ALL:
        assert metric.name.startswith("wharfinger_")
        assert metric.help.endswith(".")
        assert (metric.kind == "counter") == metric.name.endswith("_total")
    assert len({metric.name for metric in metrics.ALL}) == len(metrics.ALL)
