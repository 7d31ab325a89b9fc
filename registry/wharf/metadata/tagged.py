"""Tags with what they point at and since when: what a person or a tool looks at before a pull. No I/O here.

Rule: a question about one repository; its answer is of one moment, and never waits for a writer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

Order = Literal["newest", "oldest", "name", "name-descending"]


LEGIBLE = 128 << 10
"""Bytes of a manifest that is read to be described. Images have a few thousand; a page shows hundreds of them."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag and its manifest. `updated`: when it was last pushed or moved, in Unix seconds.

    `content` is empty where it has more than LEGIBLE bytes.
    """

    name: str
    updated: float
    digest: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Selection:
    """Which tags: those whose name contains `containing`, in an order, `limit` of them after the first `offset`."""

    offset: int
    limit: int
    order: Order = "newest"
    containing: str = ""


class TagReader(Protocol):
    """Reads tags by pages of numbers, which costs more the later the page; Index.tags reads by names instead."""

    async def tagged(self, repository: str, wanted: Selection) -> tuple[int, list[Tagged]]:
        """How many tags there are in all, and those of the selection."""

    async def one(self, repository: str, tag: str) -> Tagged | None:
        """One tag."""

    async def contents(self, repository: str, digests: Sequence[str]) -> dict[str, bytes]:
        """Those of the manifests that are there, by digest; empty where it has more than LEGIBLE bytes."""
