"""Writes docs/reference/configuration.md, errors.md, metrics.md and wharf.md from what the code says of them.

Rule: the pages are never edited by hand; `--check` writes nothing and fails when one of them differs.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from tools.command_reference import commands_page
from tools.metrics_reference import metrics_page
from tools.pages import NOTE, settle
from wharf import config
from wharf.protocol.errors import Problem


def type_name(schema: dict[str, Any]) -> str:
    """A field's type as a person reads it."""
    if "$ref" in schema:
        return f"[{(name := schema['$ref'].rpartition('/')[2])}](#{name.lower()})"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(type_name(part) for part in schema["anyOf"] if part.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {type_name(schema['items'])}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map of {type_name(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def section(name: str, schema: dict[str, Any]) -> str:
    """One structure: its meaning and a table of its fields."""
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    for field, value in schema["properties"].items():
        default = "required" if field in schema.get("required", []) else f"`{json.dumps(value.get('default'))}`"
        rows.append(f"| `{field}` | {type_name(value)} | {default} | {value.get('description', '')} |")
    return f"## {name}\n\n{schema.get('description', '')}\n\n" + "\n".join(rows) + "\n"


def configuration_page() -> str:
    """The reference of the configuration file."""
    definitions: dict[str, Any] = config.schema()["$defs"]  # type: ignore[assignment]  # JSON schema
    order = ["Config", *sorted(name for name in definitions if name != "Config")]
    intro = (
        "# The registry's configuration file\n\n"
        "A YAML file for `wharf serve --config FILE`; the operator writes it for a `Registry`. Unknown fields are\n"
        "errors. `wharf config check FILE` checks one, `wharf config schema` prints the schema.\n"
    )
    return NOTE + intro + "\n" + "\n".join(section(name, definitions[name]) for name in order)


def errors_page() -> str:
    """The reference of the registry's error answers."""
    rows = [f"| {p.status} | `{p.code}` | {p.message} |" for p in sorted(Problem, key=lambda p: (p.status, p.code))]
    intro = (
        "# Errors of the registry\n\n"
        'Each is `{"errors": [{"code", "message", "detail"}]}`, the form of distribution-spec (Error codes).\n'
    )
    return NOTE + intro + "\n| status | code | message |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def pages() -> dict[str, str]:
    """Every page: path relative to the repository, and its text."""
    return {
        "docs/reference/configuration.md": configuration_page(),
        "docs/reference/errors.md": errors_page(),
        "docs/reference/metrics.md": NOTE + metrics_page(),
        "docs/reference/wharf.md": NOTE + commands_page(),
    }


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 when the pages are as the sources say, 1 when `--check` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m tools.registry_reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not up to date")
    return settle(pages(), check=parser.parse_args(arguments).check)


if __name__ == "__main__":
    sys.exit(main())
