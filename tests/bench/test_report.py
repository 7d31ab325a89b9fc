"""The table: medians, and ratios that say how many times better wharf is."""

from collections import defaultdict
from datetime import UTC, datetime

from bench.figures import QUICK, Run

from bench import report, rows


def run(**measures):
    made = Run(place=None, effort=QUICK, names=["wharf", "Distribution"], say=print)
    made.measures = defaultdict(lambda: defaultdict(list), {row: dict(values) for row, values in measures.items()})
    return made


def test_of_a_cost_less_is_better_and_of_a_rate_more():
    assert rows.ratio("manifest GET, plain, requests/s", 80.0, 10.0) == 8
    assert rows.ratio("manifest GET, plain, p99 ms", 2.0, 10.0) == 5
    assert rows.ratio("memory at rest, MB", 50.0, 100.0) == 2
    assert rows.ratio("blob GET, plain, CPU s a GB", 0.5, 1.0) == 2
    assert rows.ratio("blob GET, plain, MB/s", 10.0, 20.0) == 0.5


def test_a_row_has_the_medians_the_ratio_and_the_target():
    text = report.table(run(**{"blob GET, TLS, MB/s": {"wharf": [900.0, 1000.0, 5.0], "Distribution": [450.0]}}))
    assert (
        "| blob GET, TLS, MB/s | 900 | 450 | 2.0 x | Distribution x 2, zot x 2, nginx x 1 | met (no zot, nginx) |"
        in text.splitlines()
    )


def test_a_server_without_a_figure_has_an_empty_cell():
    text = report.table(run(**{"start with 10 manifests, ms": {"wharf": [1.25]}}))
    assert "| start with 10 manifests, ms | 1.25 |  |  |  |  |" in text.splitlines()


def test_the_page_says_how_it_was_made():
    page = report.page(run(), "make bench", datetime(2026, 1, 2, tzinfo=UTC))
    assert "`make bench` on 2026-01-02" in page
    assert "128 MiB" in page


def test_the_page_of_webhooks_says_how_it_was_made_and_names_no_server_that_has_no_part():
    made = run(**{"pulls with three webhooks of push, share of those with none": {"wharf": [0.9, 0.97, 0.98]}})
    made.names, made.loads = ["wharf"], [1.0]
    page = report.webhooks_page(made, "make bench", datetime(2026, 1, 2, tzinfo=UTC))
    assert "`make bench` on 2026-01-02" in page
    assert "zot" not in page
    assert "| 0.97 | >= 0.95 | met |" in page
