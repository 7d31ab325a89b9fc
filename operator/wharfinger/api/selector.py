"""Label selectors, as Kubernetes has them: what they look like, and what they select.

Rule: the meaning is Kubernetes' own (labels.Selector): all requirements hold, an empty selector selects everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta, field

from wharfinger.api.meta import LABEL_VALUES, Model, Rule

_Key = Annotated[str, Meta(min_length=1, max_length=317)]


class Requirement(Model, frozen=True, kw_only=True):
    """One requirement on one label."""

    rules: ClassVar = (
        Rule(
            "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values)",
            "In and NotIn need values, Exists and DoesNotExist have none: add or remove values",
        ),
    )

    key: Annotated[_Key, Meta(description="Name of the label.")]
    operator: Annotated[Literal["In", "NotIn", "Exists", "DoesNotExist"], Meta(description="What must hold.")]
    values: Annotated[
        tuple[Annotated[str, Meta(max_length=63)], ...],
        Meta(description="Values that In and NotIn compare with.", max_length=64),
    ] = ()


class LabelSelector(Model, frozen=True, kw_only=True):
    """Selects objects by their labels; `{}` selects all."""

    match_labels: Annotated[LABEL_VALUES, Meta(description="Labels and the values that they must have.")] = field(
        default_factory=dict
    )
    match_expressions: Annotated[
        tuple[Requirement, ...], Meta(description="Further requirements, all of which must hold.", max_length=16)
    ] = ()


def selects(selector: LabelSelector, labels: Mapping[str, str]) -> bool:
    """Whether an object with these labels is selected."""
    if any(labels.get(key) != value for key, value in selector.match_labels.items()):
        return False
    return all(_holds(requirement, labels) for requirement in selector.match_expressions)


def _holds(requirement: Requirement, labels: Mapping[str, str]) -> bool:
    match requirement.operator:
        case "In":
            return labels.get(requirement.key) in requirement.values
        case "NotIn":
            return labels.get(requirement.key) not in requirement.values
        case "Exists":
            return requirement.key in labels
        case "DoesNotExist":
            return requirement.key not in labels
