"""Renders the YAML templates of the children.

Rule: no value can break out of its place, and an undefined name is an error that says which. In a text every
substitution is JSON-encoded (which YAML reads as the same). In a manifest a substitution never passes through YAML at
all: the template is parsed with a mark in its place, once for all Registries, and the value takes the mark's place in
the tree. Either way templates write `{{ name ~ "-x" }}`, never `{{ name }}-x`.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, UndefinedError, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

_ASTRAL = re.compile(r"\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})")
_MARK = "\0"  # no template can hold it, and YAML writes it as "\0"
_VALUES = "_values"
_SCALARS = (str, bool, int)  # by far the most; their subclasses are looked at more closely
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class TemplateError(ValueError):
    """A template could not be rendered; the message names the template and what is wrong with it."""


def text(template: str, /, **values: Any) -> str:
    """The text of a template with these values. Raises TemplateError for a name that has no value."""
    filling = _Filling.of(template, values)
    return _render(_TEXTS, template, values) if filling is None else _text(filling)


def manifest(template: str, /, **values: Any) -> dict[str, Any]:
    """The Kubernetes object that a template describes with these values. Raises TemplateError."""
    filling = _Filling.of(template, values)
    if filling is None:
        return _filled_in(template, values)
    made: dict[str, Any] = msgspec.json.decode(_manifest(filling))
    return made


@dataclass(frozen=True, slots=True)
class _Filling:
    """A template and the values for it; two are the same when their values are encoded the same."""

    template: str
    encoded: bytes = field(repr=False)
    values: dict[str, Any] = field(compare=False, repr=False)

    @classmethod
    def of(cls, template: str, values: dict[str, Any]) -> _Filling | None:
        """None for values that nothing but the template makes anything of, or complains of."""
        try:
            return cls(template, msgspec.msgpack.encode(values), values)
        except (TypeError, ValueError, OverflowError):
            return None


@functools.lru_cache(maxsize=64)  # a Registry is looked at several times in a row
def _text(filling: _Filling) -> str:
    return _render(_TEXTS, filling.template, filling.values)


@functools.lru_cache(maxsize=512)  # the same for as many Registries, at some twelve manifests each
def _manifest(filling: _Filling) -> bytes:
    """The object as JSON: whoever gets it may change it."""
    return msgspec.json.encode(_filled_in(filling.template, filling.values))


def _filled_in(template: str, values: dict[str, Any]) -> dict[str, Any]:
    substituted: list[Any] = []
    marked = _render(_MANIFESTS, template, {**values, _VALUES: substituted})
    try:
        tree, marks = _parsed(marked)
    except yaml.YAMLError as error:
        raise TemplateError(f"{template}: {error}") from error
    if marks != len(substituted):
        raise TemplateError(f"{template}: a substitution is part of a longer text: join the parts inside of it with ~")
    filled: dict[str, Any] = _filled(tree, substituted)
    return filled


def encode(value: Any) -> str:
    """The finalizer of texts: JSON that YAML reads as the same; NaN and undefined names are errors."""
    if isinstance(value, Markup):
        return str(value)
    return _json(_plain(value))


@pass_context  # which also keeps Jinja2 from evaluating constant substitutions ahead of time
def _mark(context: Context, value: Any) -> str:
    """The finalizer of manifests: a mark that says which value belongs here."""
    values: list[Any] = context[_VALUES]
    values.append(_plain(value))
    return f'"\\0{len(values) - 1}"'


def _environment(finalize: Callable[..., str]) -> Environment:
    return Environment(
        loader=PackageLoader("wharfinger.children", "templates"),
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - the output is YAML; the finalizer is what keeps values in their place
        auto_reload=False,
    )


_TEXTS = _environment(encode)
_MANIFESTS = _environment(_mark)


def _render(environment: Environment, template: str, values: dict[str, Any]) -> str:
    try:
        return environment.get_template(template).render(values)
    except (UndefinedError, TypeError, ValueError) as error:
        raise TemplateError(f"{template}: {error}") from error


@functools.lru_cache(maxsize=512)
def _parsed(marked: str) -> tuple[Any, int]:
    """The tree of a marked text, and how many marks it has. Shared between calls, so never changed."""
    tree = yaml.load(marked, Loader=_LOADER)  # noqa: S506 - a safe loader
    return tree, _marks(tree)


def _marks(node: Any) -> int:
    if isinstance(node, dict):
        return sum(map(_marks, node.values()))
    if isinstance(node, list):
        return sum(map(_marks, node))
    return int(isinstance(node, str) and node.startswith(_MARK))


def _filled(node: Any, values: list[Any]) -> Any:
    """A copy of the tree with each mark replaced by its value."""
    kind = type(node)  # YAML's own types: this runs for each field of each child at each look
    if kind is str:
        return values[int(node[1:])] if node[:1] == _MARK else node
    if kind is dict:
        return {key: _filled(item, values) for key, item in node.items()}
    if kind is list:
        return [_filled(item, values) for item in node]
    return node


def _plain(value: Any) -> Any:
    """The value as JSON has it: dicts, lists, text, finite numbers, booleans, null. Anything else is an error."""
    if value is None or type(value) in _SCALARS:
        return value
    if isinstance(value, str | bool | int):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, dict | Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | Sequence):
        return [_plain(item) for item in value]
    if isinstance(value, Undefined):
        str(value)  # raises, with the name in its message
    raise TypeError(f"{value!r} has no form in JSON")


def _json(value: Any) -> str:
    """JSON that YAML 1.1 reads as the same: `1e-07` would be text there, and two surrogates two characters."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(key)}: {_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    if isinstance(value, float):
        number = json.dumps(value)
        return number.replace("e", ".0e") if "." not in number else number
    return _ASTRAL.sub(_whole, json.dumps(value))


def _whole(match: re.Match[str]) -> str:
    """One YAML escape for a character that JSON writes as two surrogates, which YAML would keep apart."""
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"
