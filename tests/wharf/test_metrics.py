"""The text exposition of metrics."""

from wharf.metrics import Counter, Histogram, Metrics


def test_a_counter_has_a_line_for_each_combination_of_labels():
    counter = Counter("c", "Text.", ("a", "b"))
    counter.add("x", 'q"\\\n')
    counter.add("x", 'q"\\\n', amount=2)
    counter.set("y", "z", value=1.5)
    assert list(counter.lines()) == ['c{a="x",b="q\\"\\\\\\n"} 3', 'c{a="y",b="z"} 1.5']


def test_a_histogram_counts_up_and_a_bound_is_part_of_its_bucket():
    histogram = Histogram("h", "Text.", ("a",), (1.0, 2.5))
    for value in (0.5, 1.0, 2.0, 9.0):
        histogram.observe("x", value=value)
    assert list(histogram.lines()) == [
        'h_bucket{a="x",le="1"} 2',
        'h_bucket{a="x",le="2.5"} 3',
        'h_bucket{a="x",le="+Inf"} 4',
        'h_sum{a="x"} 12.5',
        'h_count{a="x"} 4',
    ]


def test_everything_is_exposed_with_help_and_type():
    metrics = Metrics()
    metrics.requests.add("GET", "tags", "200")
    text = metrics.exposition()
    assert text.endswith("\n")
    assert "# TYPE registry_http_requests_total counter\n" in text
    assert "# TYPE registry_http_in_flight_requests gauge\n" in text
    for metric in vars(metrics).values():
        assert f"# HELP {metric.name} {metric.text}\n" in text
        assert metric.text.endswith(".")


def test_processes_together_have_counted_what_each_has():
    one, other = Metrics(), Metrics()
    for metrics, path, seconds in ((one, "tags", 0.002), (other, "tags", 0.2), (other, "blob", 9.0)):
        metrics.requests.add("GET", path, "200", amount=2)
        metrics.duration.observe("GET", path, value=seconds)
    other.reload_failed.set("htpasswd", value=1)
    one.reload_failed.set("htpasswd", value=0)
    one.storage.set("used", value=5)
    other.storage.set("used", value=7)
    before = one.exposition()
    lines = one.exposition([other.state()]).splitlines()
    for line in (
        'registry_http_requests_total{method="GET",handler="tags",code="200"} 4',
        'registry_http_requests_total{method="GET",handler="blob",code="200"} 2',
        'registry_http_request_duration_seconds_bucket{method="GET",handler="tags",le="0.0025"} 1',
        'registry_http_request_duration_seconds_count{method="GET",handler="tags"} 2',
        'registry_http_request_duration_seconds_sum{method="GET",handler="blob"} 9',
        'wharf_reload_failed{file="htpasswd"} 1',
        'wharf_storage_bytes{kind="used"} 5',
    ):
        assert line in lines
    assert one.exposition() == before
