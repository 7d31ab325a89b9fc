"""Alerts and dashboards ask for metrics that exist, by labels that they have; the chart carries the same files."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from wharf.metrics import Metrics
from wharfinger import metrics as operator_metrics

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "manifests" / "components" / "monitoring"
CHART = ROOT / "charts" / "wharfinger" / "files"
DASHBOARDS = sorted((SOURCE / "dashboards").glob("*.json"))
OF_THE_SCRAPE = {"namespace", "registry", "pod", "job", "instance", "le"}


def declared() -> dict[str, set[str]]:
    """Each name that a sample may have, and its own labels."""
    found: dict[str, set[str]] = {}
    for metric in [*vars(Metrics()).values(), *operator_metrics.ALL]:
        labels = set(metric.labels)
        for suffix in ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",):
            found[metric.name + suffix] = labels
    return found


def queries() -> dict[str, str]:
    """`where it stands` -> the query."""
    found: dict[str, str] = {}
    for group in yaml.safe_load((SOURCE / "prometheus-rule.yaml").read_text())["spec"]["groups"]:
        found |= {rule["alert"]: rule["expr"] for rule in group["rules"]}
    for path in DASHBOARDS:
        board: dict[str, Any] = json.loads(path.read_text())
        for panel in board["panels"]:
            for target in panel["targets"]:
                found[f"{path.stem}/{panel['title']}/{target['refId']}"] = target["expr"]
    return found


@pytest.mark.parametrize("where", sorted(queries()))
def test_a_query_asks_for_what_exists(where: str) -> None:
    query, metrics = queries()[where], declared()
    asked = re.findall(r"\b((?:wharf|wharfinger|registry)_\w+)(?:\{([^}]*)\})?", query)
    assert asked
    known: set[str] = set(OF_THE_SCRAPE)
    for name, matchers in asked:
        assert name in metrics, f"{name} is no metric"
        known |= metrics[name]
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            assert label in metrics[name] | OF_THE_SCRAPE, f"{name} has no label {label}"
    for grouping in re.findall(r"\b(?:by|ignoring|on)\s*\(([^)]*)\)", query):
        assert {label.strip() for label in grouping.split(",")} <= known, grouping


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_one_that_grafana_takes(path: Path) -> None:
    board = json.loads(path.read_text())
    assert board["uid"] == path.stem
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    variables = {entry["name"] for entry in board["templating"]["list"]}
    used = set(re.findall(r"\$\{?([a-z]+)\b", json.dumps([board["panels"], board["templating"]])))
    assert used <= variables
    cells = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(cells)) == len(cells)


def test_the_chart_carries_the_same_files() -> None:
    for path in [SOURCE / "prometheus-rule.yaml", *DASHBOARDS]:
        copy = CHART / path.relative_to(SOURCE)
        assert copy.read_text() == path.read_text(), "run `make generate`"
