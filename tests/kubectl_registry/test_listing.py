"""Names for completion, from the cluster that an unfinished command line points at."""

from pathlib import Path

import pytest
from tests.kubectl_registry.conftest import FakeCluster, Object

from kubectl_registry import listing
from kubectl_registry.kube.kinds import NAMESPACE, WEBHOOK


@pytest.mark.parametrize(
    ("wanted", "before", "found"),
    [
        ("NAME", ["status"], ["team"]),
        ("NAME", ["status", "-n", "other"], []),
        ("WEBHOOK", ["webhooks", "replay"], ["deploy"]),
        ("NAMESPACE", ["status", "-n"], ["ci"]),
        ("CONTEXT", ["status", "--context"], ["here"]),
        ("USER", ["rotate", "team", "--user"], ["admin"]),
        ("SECONDS", ["gc"], []),
    ],
)
def test_names_are_those_that_there_are(
    wanted: str, before: list[str], found: list[str], cluster: FakeCluster, team: Object, kubeconfig: Path
) -> None:
    cluster.add(WEBHOOK, {"metadata": {"name": "deploy", "namespace": "ci"}, "spec": {}})
    cluster.add(NAMESPACE, {"metadata": {"name": "ci"}})
    assert listing.names(wanted, before) == found
