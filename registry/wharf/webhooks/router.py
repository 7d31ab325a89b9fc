"""Which webhooks are told of an event. Pure.

Rule: a webhook is told of an event when its action is listed, and its repository and tag match a glob each, where globs
are given. In globs `*` matches within one path part and `**` across parts, as in access rules. A webhook that is
suspended is routed to all the same: its events wait.
"""

from __future__ import annotations

import re
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
    repositories: re.Pattern[str] | None  # None: all
    tags: re.Pattern[str] | None

    def wants(self, event: Event) -> bool:
        return (
            event.action in self.actions
            and (self.repositories is None or self.repositories.fullmatch(event.repository) is not None)
            and (self.tags is None or self.tags.fullmatch(event.tag) is not None)
        )


class Router:
    """Routes events by the webhooks of one configuration. Is a Route (metadata/interface.py)."""

    def __init__(self, webhooks: Sequence[Webhook]) -> None:
        self._filters = tuple(
            _Filter(hook.name, frozenset(hook.events), _any_of(hook.repositories), _any_of(hook.tags))
            for hook in webhooks
        )

    def __call__(self, event: Event) -> Sequence[str]:
        """The names of the webhooks that are told of `event`."""
        return [each.name for each in self._filters if each.wants(event)]


def _any_of(patterns: Sequence[str]) -> re.Pattern[str] | None:
    """What matches when one of the globs does; None when there are none."""
    return re.compile("|".join(map(globs.expression, patterns))) if patterns else None
