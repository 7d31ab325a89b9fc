"""The same children in another namespace are nobody's, and the page says what was measured."""

import datetime as dt

import pytest
from bench.rollout import Round, finished, page, ratio

LABELS = {"app.kubernetes.io/managed-by": "wharfinger", "wharfinger.dev/registry": "team"}


def child(kind: str, **spec: object) -> dict:
    metadata = {
        "name": "team", "namespace": "ours", "uid": "u", "resourceVersion": "7", "labels": LABELS,
        "ownerReferences": [{"uid": "registry"}], "annotations": {"pv.kubernetes.io/bound-by-controller": "yes"},
    }  # fmt: skip
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec, "status": {"phase": "Bound"}}


def test_finished_manifests_are_free_of_what_the_server_and_the_operator_know_them_by() -> None:
    template = {"metadata": {"labels": LABELS, "annotations": {"a": "b"}}, "spec": {"containers": []}}
    children = [
        child("Service", clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"], type="ClusterIP"),
        child("PersistentVolumeClaim", volumeName="pv-1", resources={}),
        child("Deployment", template=template, replicas=1),
    ]
    service, claim, deployment = finished(children, "theirs")
    for made in (service, claim, deployment):
        labels = {**LABELS, "app.kubernetes.io/managed-by": "bench"}
        assert made["metadata"] == {"name": "team", "namespace": "theirs", "labels": labels}
        assert "status" not in made
    assert service["spec"] == {"type": "ClusterIP"}
    assert claim["spec"] == {"resources": {}}
    assert deployment["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "bench"
    assert deployment["spec"]["template"]["spec"] == template["spec"]


@pytest.mark.parametrize(("registry", "verdict"), [(4.6, "met"), (4.7, "missed")])
def test_the_page_compares_medians(registry: float, verdict: str) -> None:
    rounds = [Round(99.0, 99.0), Round(registry, 4.0), Round(0.1, 0.1)]
    assert ratio(rounds) == pytest.approx(registry / 4.0)
    text = page(rounds, (0.5, 1.5), dt.datetime(2026, 3, 1, tzinfo=dt.UTC))
    assert f"({registry:.2f} and 4.00 s, medians) | <= 1.15 | {verdict} |" in text
    assert "| 1 | 99.00 | 99.00 |" in text
