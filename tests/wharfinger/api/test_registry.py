"""The Registry's model: an empty spec is whole, and the samples fit."""

from pathlib import Path

import jsonschema
import pytest
import yaml

from wharfinger.api import load
from wharfinger.api.crd import crds
from wharfinger.api.registry import Registry, RegistrySpec, Storage

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = [
    (path.name, document)
    for path in sorted((ROOT / "manifests" / "samples").glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text())
    if document["apiVersion"].startswith("wharfinger.dev/")
]
SCHEMAS = {
    crd["spec"]["names"]["kind"]: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for crd in crds().values()
}


def closed(schema):
    """The schema with every unknown field refused, as the API server does in strict mode."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: closed(value) for key, value in schema.items()}
    if "properties" in schema and isinstance(schema["properties"], dict) and "type" in schema:
        result["additionalProperties"] = False
    return result


def test_an_empty_spec_is_whole():
    spec = RegistrySpec()
    assert (spec.replicas, spec.paused, spec.image, spec.access) == (1, False, None, None)
    assert (spec.storage.on_delete, spec.tls.issuer, spec.service.type) == ("Retain", "SelfSigned", "ClusterIP")


def test_growth_that_never_came_about_may_be_taken_back_but_nothing_else_shrinks():
    (rule,) = [rule for rule in Registry.rules if "shrink" in rule.message]
    assert "self.status.storage.capacity" in rule.rule
    assert rule.rule.count("'10Gi'") == 3
    assert rule.field_path == ".spec.storage.size"
    assert not [rule for rule in Storage.rules if "shrink" in rule.message]


@pytest.mark.parametrize(("name", "document"), SAMPLES, ids=[name for name, _ in SAMPLES])
def test_a_sample_fits_the_schema_and_the_model(name, document):
    jsonschema.validate(document["spec"], closed(SCHEMAS[document["kind"]]["properties"]["spec"]))
    whole = document | {"metadata": document["metadata"] | {"namespace": "default"}}
    loaded = load.registry(whole) if document["kind"] == "Registry" else load.webhook(whole)
    assert loaded.metadata.name == document["metadata"]["name"]
