"""The chart says the same as manifests/base where they overlap: the rules of the role, and the version."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "wharfinger"
BASE = ROOT / "manifests" / "base"


def documents(path: Path) -> list[dict[str, object]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def test_the_operators_role_is_the_same() -> None:
    (chart,) = documents(CHART / "templates" / "cluster-role.yaml")
    (base,) = documents(BASE / "cluster-role.yaml")
    assert chart == base


def test_the_roles_for_users_are_the_same() -> None:
    assert documents(CHART / "templates" / "roles-for-users.yaml") == documents(BASE / "roles-for-users.yaml")


def test_the_versions_are_the_projects() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    (chart,) = documents(CHART / "Chart.yaml")
    assert chart["version"] == chart["appVersion"] == version
    assert f"newTag: {version}" in (BASE / "kustomization.yaml").read_text()
    assert f"wharfinger/wharf:{version}" in (BASE / "deployment.yaml").read_text()


def test_each_value_that_a_template_uses_has_a_default_and_a_place_in_the_schema() -> None:
    used = set()
    for template in (CHART / "templates").glob("*"):
        used |= set(re.findall(r"\.Values\.(\w+)", template.read_text()))
    (values,) = documents(CHART / "values.yaml")
    (schema,) = documents(CHART / "values.schema.json")
    assert used == set(values)
    assert set(values) <= set(schema["properties"])
