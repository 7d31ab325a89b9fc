"""Turns a model into the structural OpenAPI v3 schema that a CustomResourceDefinition holds.

Rule: what the schema says is read off the model alone; a type that has no structural form is an error, never a guess.
Structural schemas: https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/
"""

from __future__ import annotations

import inspect as python_inspect
from typing import Any

import msgspec
from msgspec import inspect

from wharfinger.api.meta import Model

Schema = dict[str, Any]


class SchemaError(TypeError):
    """A model uses a type that a structural schema cannot express; the message names it."""


def schema_of(model: type[Model]) -> Schema:
    """The schema of a model: descriptions, defaults, bounds, enums, list types and CEL rules included."""
    return _convert(inspect.type_info(model))


def _convert(kind: inspect.Type) -> Schema:
    match kind:
        case inspect.Metadata(type=inner, extra_json_schema=extra):
            return _convert(inner) | (extra or {})
        case inspect.StructType():
            return _struct(kind)
        case inspect.UnionType():
            return _union(kind)
        case inspect.VarTupleType():
            bounds = {"minItems": kind.min_length, "maxItems": kind.max_length}
            return {"type": "array", "items": _convert(kind.item_type), **_given(bounds)}
        case inspect.DictType():
            return _mapping(kind)
        case _:
            return _scalar(kind)


def _scalar(kind: inspect.Type) -> Schema:
    match kind:
        case inspect.StrType():
            bounds = {"minLength": kind.min_length, "maxLength": kind.max_length, "pattern": kind.pattern}
            return {"type": "string", **_given(bounds)}
        case inspect.IntType():
            return {"type": "integer", "format": "int64", **_given({"minimum": kind.ge, "maximum": kind.le})}
        case inspect.BoolType():
            return {"type": "boolean"}
        case inspect.LiteralType(values=values):
            return {"type": "string", "enum": list(values)}
        case _:
            raise SchemaError(f"{kind} has no structural schema: use str, int, bool, Literal, tuple, dict or a Model")


def _mapping(kind: inspect.DictType) -> Schema:
    if isinstance(kind.value_type, inspect.AnyType):
        return {"type": "object"}
    bounds = _given({"minProperties": kind.min_length, "maxProperties": kind.max_length})
    return {"type": "object", "additionalProperties": _convert(kind.value_type), **bounds}


def _union(kind: inspect.UnionType) -> Schema:
    members = [_convert(member) for member in kind.types if not isinstance(member, inspect.NoneType)]
    if len(members) == 1:
        return members[0]
    if sorted(member["type"] for member in members) == ["integer", "string"]:
        text = next(member for member in members if member["type"] == "string")
        return {"x-kubernetes-int-or-string": True, **_given({"pattern": text.get("pattern")})}
    raise SchemaError(f"{kind} has no structural schema: a union needs a discriminator")


def _struct(kind: inspect.StructType) -> Schema:
    model = kind.cls
    schema: Schema = {"type": "object", "description": python_inspect.cleandoc(model.__doc__ or "")}
    properties = {field.encode_name: _field(field) for field in kind.fields}
    if properties:
        schema["properties"] = properties
    if required := [field.encode_name for field in kind.fields if field.required]:
        schema["required"] = required
    if issubclass(model, Model) and model.rules:
        schema["x-kubernetes-validations"] = [rule.schema() for rule in model.rules]
    return schema


def _field(field: inspect.Field) -> Schema:
    schema = _convert(field.type)
    default = field.default
    if default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
        default = _built(field.default_factory(), schema)
    if default is msgspec.NODEFAULT or default is None or default == ():
        return schema
    return {**schema, "default": list(default) if isinstance(default, tuple) else default}


def _built(value: Any, schema: Schema) -> Any:
    """The default that a factory stands for; none where it says nothing."""
    if isinstance(value, Model):
        return defaults(schema) or msgspec.NODEFAULT
    return value or msgspec.NODEFAULT


def defaults(schema: Schema) -> Schema:
    """The defaults of an object's fields, written out: the API server runs CEL rules on a default as it stands."""
    return {name: field["default"] for name, field in schema.get("properties", {}).items() if "default" in field}


def _given(bounds: dict[str, Any]) -> Schema:
    return {key: value for key, value in bounds.items() if value is not None}
