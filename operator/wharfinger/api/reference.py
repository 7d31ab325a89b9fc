"""The reference page of both resources, as Markdown.

Rule: it says what the CRD schema says, field by field, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wharfinger.api.crd import crds
from wharfinger.api.schema import Schema


def reference() -> str:
    """The whole page, generated: every field of spec and status."""
    parts = ["# API reference", "", "Generated from the models by `make generate`.", ""]
    for crd in crds().values():
        parts += list(_kind(crd))
    parts += ["Conditions, reasons and what to do about each: [conditions](conditions.md)."]
    return "\n".join(parts).rstrip("\n") + "\n"


def _kind(crd: dict[str, Any]) -> Iterator[str]:
    names = crd["spec"]["names"]
    version = crd["spec"]["versions"][0]
    schema = version["schema"]["openAPIV3Schema"]
    yield from (f"## {names['kind']}", "", schema["description"], "")
    yield (
        f"`apiVersion: {crd['spec']['group']}/{version['name']}`, short name `{names['shortNames'][0]}`, "
        "lives in a namespace."
    )
    yield ""
    for rule in schema.get("x-kubernetes-validations", []):
        yield f"- Refused otherwise: {rule['message']}."
    for section in ("spec", "status"):
        yield from (
            "",
            f"### {names['kind']}.{section}",
            "",
            "| Field | Type | Default | Meaning |",
            "|---|---|---|---|",
        )
        yield from _rows(schema["properties"][section], "")
    yield ""


def _rows(schema: Schema, prefix: str) -> Iterator[str]:
    required = schema.get("required", [])
    for name, field in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        default = "" if isinstance(field.get("default", {}), dict) else f"`{_plain(field['default'])}`"
        if name in required:
            default = "**required**"
        messages = [rule["message"] for rule in field.get("x-kubernetes-validations", [])]
        if field["type" if "type" in field else "x-kubernetes-int-or-string"] == "array":
            messages += [rule["message"] for rule in field["items"].get("x-kubernetes-validations", [])]
        rules = "".join(f" Refused otherwise: {message}." for message in messages)
        meaning = _cell(f"{field.get('description', '')}{rules}")
        yield f"| `{path}` | {_type(field)} | {default} | {meaning} |"
        yield from _rows(field, f"{path}.")
        if field.get("type") == "array":
            yield from _rows(field["items"], f"{path}[].")


def _cell(text: str) -> str:
    """Text in a table's cell: nothing in it ends the cell or starts emphasis, except within code."""
    parts = text.replace("|", "\\|").split("`")
    return "`".join(part.replace("*", "\\*") if index % 2 == 0 else part for index, part in enumerate(parts))


def _type(schema: Schema) -> str:
    if "enum" in schema:
        return " \\| ".join(f"`{value}`" for value in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list of {_type(schema['items'])}"
        case "object" if "additionalProperties" in schema:
            return f"map to {_type(schema['additionalProperties'])}"
        case None:
            return "integer or string"
        case str(name):
            return str(schema.get("format", name)) if name == "string" else name
    return "object"


def _plain(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(str, value))
        case _:
            return str(value)
