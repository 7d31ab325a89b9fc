"""The chart says the same as manifests/base where they overlap: the rules of the role, and the version."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "wharfinger"
BASE = ROOT / "manifests" / "base"
HAVE_NO_NAMESPACE = {"customresourcedefinitions", "namespaces", "nodes", "storageclasses", "ingressclasses",
                     "priorityclasses", "persistentvolumes", "clusterissuers"}  # fmt: skip


def documents(path: Path) -> list[dict[str, object]]:
    return [document for document in yaml.safe_load_all(path.read_text()) if document]


def test_the_operators_role_is_the_same() -> None:
    (chart,) = documents(CHART / "templates" / "cluster-role.yaml")
    (base,) = documents(BASE / "cluster-role.yaml")
    assert chart == base


def test_the_role_for_copies_is_the_same_and_given_only_where_it_is_asked_for() -> None:
    text = (CHART / "templates" / "pull-secrets.yaml").read_text()
    assert text.startswith("{{- if .Values.pullSecretsAcrossNamespaces }}")
    chart, _ = yaml.safe_load_all(re.sub(r"\{\{.*?\}\}", "x", re.sub(r"(?m)^\{\{.*$|^  labels: .*$", "", text)))
    base, _ = documents(ROOT / "manifests" / "components" / "pull-secrets" / "role.yaml")
    assert chart == base
    (values,) = documents(CHART / "values.yaml")
    assert values["pullSecretsAcrossNamespaces"] is False


def test_the_roles_for_users_are_the_same() -> None:
    assert documents(CHART / "templates" / "roles-for-users.yaml") == documents(BASE / "roles-for-users.yaml")


def test_the_versions_are_the_projects() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    (chart,) = documents(CHART / "Chart.yaml")
    assert chart["version"] == chart["appVersion"] == version
    assert f"newTag: {version}" in (BASE / "kustomization.yaml").read_text()
    assert f"wharfinger/wharf:{version}" in (BASE / "deployment.yaml").read_text()


def test_what_has_no_namespace_is_in_the_role_that_stays_cluster_wide() -> None:
    (role,) = documents(BASE / "cluster-role.yaml")
    clusterwide = [rule for rule in role["rules"] if set(rule["resources"]) & HAVE_NO_NAMESPACE]  # type: ignore[attr-defined]  # of YAML
    scope, _ = documents(ROOT / "manifests" / "overlays" / "namespaced" / "cluster-scope.yaml")
    assert scope["rules"] == clusterwide
    text = (CHART / "templates" / "cluster-scope.yaml").read_text()
    chart, *_ = yaml.safe_load_all(re.sub(r"\{\{.*?\}\}", "x", re.sub(r"(?m)^\{\{.*$", "", text)))
    assert chart["rules"] == clusterwide


def test_each_value_that_a_template_uses_has_a_default_and_a_place_in_the_schema() -> None:
    used = set()
    for template in (CHART / "templates").glob("*"):
        used |= set(re.findall(r"\.Values\.(\w+)", template.read_text()))
    (values,) = documents(CHART / "values.yaml")
    (schema,) = documents(CHART / "values.schema.json")
    assert used == set(values)
    assert set(values) == set(schema["properties"]) - {"global"}


def test_the_definitions_are_templates_that_an_upgrade_renews() -> None:
    assert not (CHART / "crds").exists(), "helm upgrades nothing that is in crds/: see the decision on it"
    assert sorted(path.name for path in (CHART / "files" / "crds").iterdir()) == sorted(
        path.name for path in (ROOT / "crds").glob("wharfinger.dev_*.yaml")
    )
