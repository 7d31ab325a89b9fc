"""The vocabulary that both resources share: base struct, validation rules, and named field types.

Rule: every type that users can write is bounded (length, items), so that the API server can price its CEL rules.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta, field


class Rule(msgspec.Struct, frozen=True):
    """A CEL rule of the API server (`x-kubernetes-validations`). The message names the remedy."""

    rule: str
    message: str
    field_path: str = ""

    def schema(self) -> dict[str, str]:
        """The rule as the CRD spells it."""
        path = {"fieldPath": self.field_path} if self.field_path else {}
        return {"rule": self.rule, "message": self.message, **path}


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of every model: immutable, camelCase on the wire, unknown fields are passed over."""

    rules: ClassVar[tuple[Rule, ...]] = ()


class ObjectMeta(Model, frozen=True, kw_only=True):
    """The part of Kubernetes' object metadata that decisions read."""

    name: str
    namespace: str
    uid: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    annotations: dict[str, str] = field(default_factory=dict)


def plain(model: Model) -> dict[str, Any]:
    """A model as the API server gives it back: dicts and lists, defaults left out."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(model))
    return document


def checked(*rules: Rule, **keywords: Any) -> Meta:
    """Field constraints with CEL rules or further OpenAPI keywords (such as `x-kubernetes-list-type`)."""
    extra: dict[str, Any] = dict(keywords.pop("schema", {}))
    if rules:
        extra["x-kubernetes-validations"] = [rule.schema() for rule in rules]
    return Meta(extra_json_schema=extra, **keywords)


def list_map(key: str) -> Meta:
    """Entries are identified by `key`: unique, and merged one by one by server-side apply."""
    return Meta(extra_json_schema={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]})


SET = Meta(extra_json_schema={"x-kubernetes-list-type": "set"})

_DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
Duration = Annotated[str, Meta(max_length=32, pattern=_DURATION)]
"""A duration as Go writes it: `90s`, `24h`, `1h30m`."""

PositiveDuration = Annotated[
    str,
    checked(
        Rule("duration(self) > duration('0s')", "must be longer than zero: write a duration such as 24h"),
        max_length=32,
        pattern=_DURATION,
    ),
]

_QUANTITY = r"^[0-9]+(\.[0-9]+)?(Ki|Mi|Gi|Ti|Pi|Ei|m|k|M|G|T|P|E)?$"
Quantity = Annotated[str, Meta(max_length=32, pattern=_QUANTITY)]
"""A Kubernetes quantity: `10Gi`, `500m`, `1.5`."""

_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
ObjectName = Annotated[str, Meta(min_length=1, max_length=253, pattern=_SUBDOMAIN)]
"""The name of a Kubernetes object."""

DataKey = Annotated[str, Meta(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
"""A key in the data of a Secret or ConfigMap."""

Glob = Annotated[
    str,
    checked(
        Rule(
            "self.matches('^[a-z0-9*._/-]+$')",
            "a pattern is made of the characters of repository names and *: write team-a/** for all below team-a",
        ),
        Rule(
            "!self.startsWith('/') && !self.endsWith('/') && !self.contains('//') && !self.contains('***')",
            "no repository name begins or ends with / or holds //, so this would match none: write team-a/** for all "
            "below team-a",
        ),
        min_length=1,
        max_length=256,
    ),
]
"""A pattern for repository names: `*` matches within one path part, `**` across parts."""

LABEL_VALUES = Annotated[dict[str, Annotated[str, Meta(max_length=63)]], Meta(max_length=64)]
ANNOTATIONS = Annotated[dict[str, Annotated[str, Meta(max_length=4096)]], Meta(max_length=64)]
