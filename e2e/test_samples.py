"""Each file under manifests/samples is applied as it is, and its Registries become Ready."""

from pathlib import Path

import pytest
import yaml

from e2e.kubectl import Kubectl

SAMPLES = sorted((Path(__file__).parents[1] / "manifests" / "samples").glob("*.yaml"))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_works_as_it_is(kubectl: Kubectl, namespace: str, sample: Path) -> None:
    objects = [document for document in yaml.safe_load_all(sample.read_text()) if document]
    kubectl("apply", "-n", namespace, "-f", str(sample))
    try:
        for found in objects:
            if found["kind"] == "Registry":
                kubectl.wait_ready(found["metadata"]["name"], namespace, timeout=90)
    finally:
        kubectl("delete", "-n", namespace, "-f", str(sample), "--wait", timeout=120)
        kubectl("delete", "pvc", "-n", namespace, "--all", "--wait", timeout=120)


def test_there_are_samples() -> None:
    assert [path.name for path in SAMPLES if path.name == "registry.yaml"]
