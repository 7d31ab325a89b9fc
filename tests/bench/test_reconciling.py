"""The operator's page says what was measured, and which target was missed."""

import datetime as dt
from collections import Counter

from bench.reconciling import page, rows, table
from bench.registries import Effort, Figures, Share, quantile

EFFORT = Effort(registries=10, rounds=2)


def found(**changed):
    figures = Figures(
        rounds=[(Share(90.0, 0.01), Share(100.0, 0.005)), (Share(70.0, 0.03), Share(100.0, 0.005))],
        requests=Counter({"patch secrets": 70, "create events": 5}),
        children=13, memory=120.0, core=0.5, asked=0, edits=[10.0] * 98 + [40.0, 90.0], settled=2.0, writes=0,
    )  # fmt: skip
    for name, value in changed.items():
        setattr(figures, name, value)
    return figures


def verdicts(figures):
    return {figure: met for figure, _, target, met in rows(figures, EFFORT) if target}


def test_a_run_that_meets_every_target_says_so():
    assert all(verdicts(found()).values())
    assert "missed" not in table(found(), EFFORT)


def test_each_target_can_be_missed():
    bad = {"memory": 200.0, "core": 1.0, "asked": 1, "edits": [50.0], "settled": 3.0, "writes": 1,
           "rounds": [(Share(79.0, 0.01), Share(100.0, 0.01))]}  # fmt: skip
    for name, value in bad.items():
        assert list(verdicts(found(**{name: value})).values()).count(False) == 1, name


def test_the_rate_is_that_of_all_rounds():
    assert (
        "| 10 Registries made, of the rate of a bare client | 0.80 (80 and 100 children/s) | >= 0.8 | met |"
        in table(found(), EFFORT)
    )


def test_it_says_what_one_registry_takes():
    text = table(found(), EFFORT)
    assert "takes 20.0 ms of a core" in text
    assert "The operator sends 7.5 requests:\n0.5 x create events, 7 x patch secrets." in text


def test_a_quantile_is_the_value_that_so_many_do_not_exceed():
    assert quantile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert quantile(found().edits, 0.99) == 40.0


def test_the_page_says_how_busy_the_machine_was():
    text = page(found(), EFFORT, (21.0, 8.04), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    assert "on 2026-03-01" in text
    assert "21.0 and 8.0" in text
