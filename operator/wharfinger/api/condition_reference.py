"""The reference page of conditions, reasons and remedies, as Markdown.

Rule: it says what `reasons` and `remedies` declare, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from wharfinger.api.reasons import CONDITIONS, Reason
from wharfinger.api.remedies import REMEDIES

_INTRODUCTION = """\
Generated from the models by `make generate`.

`kubectl describe registry NAME` shows the conditions of a Registry, `kubectl describe registrywebhook NAME` those of a
RegistryWebhook, each with its events. A condition is `True` when all is well; if it is not, its reason is one word of
these tables and its message says what is wrong in this case, and what to do. `Ready` repeats the reason and message of
the condition that needs somebody first."""


def condition_reference() -> str:
    """The whole page, generated: every condition, every reason that it carries, and every reason of Events."""
    parts = ["# Conditions", "", _INTRODUCTION, ""]
    for condition, reasons in REMEDIES.items():
        parts += list(_condition(condition, reasons.items()))
    carried = {reason for reasons in REMEDIES.values() for reason in reasons}
    parts += [
        "## Events",
        "",
        "Events carry the reasons above too, when a condition turns. These are theirs alone:",
        "",
    ]
    parts += ["| Reason | Meaning |", "|---|---|"]
    parts += [f"| `{reason}` | {reason.meaning} |" for reason in sorted(set(Reason) - carried, key=str)]
    return "\n".join(parts) + "\n"


def _condition(name: str, reasons: Iterable[tuple[Reason, str]]) -> Iterator[str]:
    kind, _, word = name.rpartition(" ")
    yield from (f"## {word} of a {kind}" if kind else f"## {word}", "")
    yield from (f"`True`: {CONDITIONS[word]}", "", "| Reason | Meaning | What to do |", "|---|---|---|")
    for reason, remedy in sorted(reasons):
        yield f"| `{reason}` | {reason.meaning} | {remedy or 'Nothing.'} |"
    yield ""
