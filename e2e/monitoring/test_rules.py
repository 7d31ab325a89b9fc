"""Each alert fires when it should and not when it should not, as Prometheus' own promtool finds."""

import re
from pathlib import Path

import pytest
import yaml

from e2e.install.rendering import MANIFESTS, ROOT
from e2e.kubectl import run
from e2e.programs import program

RULE = MANIFESTS / "components" / "monitoring" / "prometheus-rule.yaml"
TESTS = Path(__file__).with_name("rules.test.yaml")


def groups() -> list[dict[str, list[dict[str, str]]]]:
    """The rule groups, as Prometheus reads them."""
    found: list[dict[str, list[dict[str, str]]]] = yaml.safe_load(RULE.read_text())["spec"]["groups"]
    return found


@pytest.mark.programs("promtool")
def test_each_alert_fires_when_it_should_and_not_when_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": groups()}))
    (tmp_path / "tests.yaml").write_text(TESTS.read_text().replace("RULES", "rules.yaml"))
    run([str(program("promtool")), "check", "rules", "--lint=all", "--lint-fatal", str(tmp_path / "rules.yaml")])
    assert "SUCCESS" in run([str(program("promtool")), "test", "rules", str(tmp_path / "tests.yaml")])


def test_no_alert_is_without_a_test_that_makes_it_fire_and_without_a_runbook() -> None:
    alerts = {rule["alert"] for group in groups() for rule in group["rules"]}
    assert alerts == set(re.findall(r'alertname="(\w+)"}\'', TESTS.read_text()))
    assert alerts == {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")} - {"index"}
