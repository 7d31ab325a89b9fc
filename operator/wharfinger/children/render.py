"""Renders the YAML templates of the children.

Rule: no value can break out of its place. Every substitution is JSON-encoded (JSON strings are YAML strings), and an
undefined name is an error that says which. So templates write `{{ name ~ "-x" }}`, never `{{ name }}-x`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, UndefinedError
from markupsafe import Markup

_ASTRAL = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")


class TemplateError(ValueError):
    """A template could not be rendered; the message names the template and what is missing in it."""


def _whole(match: re.Match[str]) -> str:
    """One YAML escape for a character that JSON writes as two surrogates, which YAML would keep apart."""
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def encode(value: Any) -> str:
    """The finalizer of every substitution: JSON, which is YAML too; NaN and undefined names are errors."""
    if isinstance(value, Markup):
        return str(value)
    if isinstance(value, Undefined):
        # StrictUndefined raises on any use, with the name in its message
        str(value)
    return _json(value)


def _json(value: Any) -> str:
    """JSON that YAML 1.1 reads as the same: `1e-07` would be text there, and two surrogates two characters."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{_json(str(key))}: {_json(item)}" for key, item in value.items()) + "}"
        case str():
            return _ASTRAL.sub(_whole, json.dumps(value))
        case Sequence():
            return "[" + ", ".join(map(_json, value)) + "]"
        case float():
            number = json.dumps(value, allow_nan=False)
            return number.replace("e", ".0e") if "." not in number else number
        case _:
            return json.dumps(value)


_ENVIRONMENT = Environment(
    loader=PackageLoader("wharfinger.children", "templates"),
    undefined=StrictUndefined,
    finalize=encode,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # noqa: S701 - the output is YAML; `encode` is what keeps values in their place
    auto_reload=False,
)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def text(template: str, /, **values: Any) -> str:
    """The text of a template with these values. Raises TemplateError for a name that has no value."""
    try:
        return _ENVIRONMENT.get_template(template).render(values)
    except (UndefinedError, TypeError, ValueError) as error:
        raise TemplateError(f"{template}: {error}") from error


def manifest(template: str, /, **values: Any) -> dict[str, Any]:
    """The Kubernetes object that a template describes with these values."""
    rendered: dict[str, Any] = yaml.load(text(template, **values), Loader=_LOADER)  # noqa: S506 - a safe loader
    return rendered
