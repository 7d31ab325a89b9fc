"""Which webhooks are told of an event. Pure.

Rule: a webhook is told of an event when its action is listed, and its repository and tag match a glob each, where globs
are given. In globs `*` matches within one path part and `**` across parts, as in access rules. A webhook that is
suspended is routed to all the same: its events wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from wharf.protocol import globs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.metadata.interface import Event
    from wharf.webhook_settings import Webhook


@dataclass(frozen=True, slots=True)
class _Filter:
    name: str
    actions: frozenset[str]
    repositories: Sequence[str]  # globs; none: all
    tags: Sequence[str]

    def wants(self, event: Event) -> bool:
        return (
            event.action in self.actions
            and _any_matches(self.repositories, event.repository)
            and _any_matches(self.tags, event.tag)
        )


class Router:
    """Routes events by the webhooks of one configuration. Is a Route (metadata/interface.py)."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._filters = tuple(
            _Filter(hook.name, frozenset(hook.events), tuple(hook.repositories), tuple(hook.tags)) for hook in webhooks
        )

    def __call__(self, event: Event) -> Sequence[str]:
        """The names of the webhooks that are told of `event`."""
        return [each.name for each in self._filters if each.wants(event)]


def _any_matches(patterns: Sequence[str], text: str) -> bool:
    return not patterns or any(globs.matches(pattern, text) for pattern in patterns)
