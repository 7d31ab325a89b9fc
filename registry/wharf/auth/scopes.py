"""Token scopes, `repository:team/app:pull,push`: read from a request, and cut to what the rules allow. Pure.

Rule: a scope never holds more than was asked for, nor more than the access rules gave at that moment; the rules are
asked again at every request, so a scope can only take away. Form: Distribution's token specification (scope grammar).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from wharf.config import Action
from wharf.protocol import references

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from wharf.auth.access import AccessPolicy, Scope, Subject

CATALOG = ("registry", "catalog", "*")
LIMIT = 100
"""Most scopes in one request; clients ask for one, or two when they mount."""


def parse(texts: Iterable[str]) -> Scope:
    """The scopes that these texts ask for, each with spaces between several; what cannot be read asks for nothing."""
    wanted: set[tuple[str, str, str]] = set()
    for text in [part for given in texts for part in given.split()][:LIMIT]:
        kind, _, rest = text.partition(":")
        name, _, actions = rest.rpartition(":")
        kind = kind.partition("(")[0]  # `repository(plugin)`: the class says nothing about access
        if kind == "repository" and references.is_name(name):
            every = get_args(Action)
            asked = [one for action in actions.split(",") for one in (every if action == "*" else (action,))]
            wanted.update((kind, name, action) for action in asked if action in every)
        elif (kind, name, actions) == CATALOG:
            wanted.add(CATALOG)
    return frozenset(wanted)


def narrowed(wanted: Scope, access: AccessPolicy, subject: Subject) -> Scope:
    """What of `wanted` the rules allow. The catalogue shows everyone what they may see, so anyone may have it."""
    return frozenset(one for one in wanted if one == CATALOG or access.allows(subject, one[1], one[2]))  # type: ignore[arg-type] # parse() lets only actions in


def text(scope: Scope) -> str:
    """A scope as it is written: sorted, with spaces between several."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for kind, name, action in sorted(scope):
        grouped.setdefault((kind, name), []).append(action)
    return " ".join(f"{kind}:{name}:{','.join(actions)}" for (kind, name), actions in grouped.items())


def claims(scope: Scope) -> list[Mapping[str, object]]:
    """A scope as the `access` claim of a token."""
    return [
        {"type": kind, "name": name, "actions": actions.split(",")}
        for kind, name, actions in (one.split(":") for one in text(scope).split())
    ]
