"""Models become structural schemas: https://kubernetes.io/docs/tasks/extend-kubernetes/."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, field

from wharfinger.api.crd import crds
from wharfinger.api.meta import Model, Rule, checked, list_map
from wharfinger.api.schema import SchemaError, defaults, schema_of


class Inner(Model, frozen=True, kw_only=True):
    """Within."""

    rules = (Rule("self.size > 0", "write more"),)
    size: Annotated[int, Meta(description="How much.", ge=0, le=9)] = 3


class Outer(Model, frozen=True, kw_only=True):
    """Around."""

    some_name: Annotated[str, Meta(description="A name.", min_length=1, max_length=5, pattern="^a")]
    choice: Annotated[Literal["A", "B"] | None, Meta(description="A choice.")] = None
    inner: Annotated[Inner, Meta(description="The inside.")] = field(default_factory=Inner)
    items: Annotated[tuple[Inner, ...], Meta(description="Many.", max_length=2), list_map("size")] = ()
    flags: Annotated[dict[str, bool], Meta(description="Flags.", max_length=4)] = field(default_factory=dict)
    amount: Annotated[int | Annotated[str, checked(pattern="^1")], Meta(description="Some.")] = 1


class Strange(Model, frozen=True, kw_only=True):
    """No structural form."""

    number: float = 1.0


INNER = {
    "type": "object",
    "description": "Within.",
    "properties": {
        "size": {
            "type": "integer",
            "format": "int64",
            "minimum": 0,
            "maximum": 9,
            "description": "How much.",
            "default": 3,
        }
    },
    "x-kubernetes-validations": [{"rule": "self.size > 0", "message": "write more"}],
}


def test_a_model_becomes_its_schema():
    properties = schema_of(Outer)["properties"]
    assert schema_of(Outer)["required"] == ["someName"]
    assert properties["someName"] == {
        "type": "string",
        "minLength": 1,
        "maxLength": 5,
        "pattern": "^a",
        "description": "A name.",
    }
    assert properties["choice"] == {"type": "string", "enum": ["A", "B"], "description": "A choice."}
    assert properties["inner"] == INNER | {"description": "The inside.", "default": {"size": 3}}
    assert properties["items"]["items"] == INNER
    assert properties["items"]["x-kubernetes-list-map-keys"] == ["size"]
    assert properties["flags"] == {
        "type": "object",
        "additionalProperties": {"type": "boolean"},
        "maxProperties": 4,
        "description": "Flags.",
    }
    assert properties["amount"]["x-kubernetes-int-or-string"] is True


def test_the_defaults_of_an_object_are_written_out():
    assert defaults(schema_of(Outer)) == {"inner": {"size": 3}, "amount": 1}


def test_a_type_without_a_structural_form_is_an_error():
    with pytest.raises(SchemaError, match="structural"):
        schema_of(Strange)


def nodes(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from nodes(below, f"{path}.{name}")
    for name in ("items", "additionalProperties"):
        if name in schema:
            yield from nodes(schema[name], f"{path}[]")


ALL = [
    found
    for crd in crds().values()
    for found in nodes(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], crd["spec"]["names"]["kind"])
]
SPEC = [(path, node) for path, node in ALL if ".spec" in path]


@pytest.mark.parametrize(("path", "schema"), [n for n in ALL if n[1].get("properties")], ids=lambda v: str(v)[:60])
def test_every_field_is_described(path, schema):
    bare = [name for name, below in schema["properties"].items() if name != "metadata" and not below.get("description")]
    assert not bare, f"{path}: describe {bare}"


@pytest.mark.parametrize(("path", "schema"), SPEC, ids=[path for path, _ in SPEC])
def test_everything_that_users_write_is_bounded(path, schema):
    match schema.get("type"):
        case "array":
            assert "maxItems" in schema
        case "string":
            assert "maxLength" in schema or "enum" in schema
        case "object" if "additionalProperties" in schema:
            assert "maxProperties" in schema


def test_every_rule_names_a_remedy():
    rules = [rule for _, schema in ALL for rule in schema.get("x-kubernetes-validations", [])]
    assert len(rules) > 20
    for rule in rules:
        assert any(sign in rule["message"] for sign in (":", "must be")), rule["message"]
