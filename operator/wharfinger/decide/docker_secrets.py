"""The Secrets that pods pull with and jobs push with.

Rule: a login that is there is replaced only by one that works now, by the replicas' own report; until then the old one
stands, and works.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from wharfinger.children.config import knows_robots
from wharfinger.children.docker import docker, document_of, login, users
from wharfinger.children.owner import Owner
from wharfinger.decide.observed import Observed
from wharfinger.decide.passwords import Password
from wharfinger.decide.replicas import CONFIGURATION, sha256, unloaded
from wharfinger.decide.written import Written


@dataclass(frozen=True, slots=True)
class Counter:
    """What of the registry logins depend on."""

    servers: tuple[str, ...]  # the names that the registry is pulled by
    configuration: str  # the text that the replicas should have loaded
    replicas: int  # that are wanted


def docker_secret(
    owner: Owner, observed: Observed, written: Written, password: Password, counter: Counter
) -> dict[str, Any]:
    """The Secret of one robot as it should be."""
    assert password.current is not None
    there = document_of(observed.children.get(("Secret", password.secret)))
    fresh = login(counter.servers, password.user, password.current)
    known = written.loaded and written.seen(password.user, password.source)
    document = fresh
    if there is not None and users(there):
        taken_over = users(there) == {password.user} or _granted(observed, counter)
        document = fresh if known and taken_over else there
    return docker(
        owner,
        name=password.user,
        password=password.current,
        upcoming=password.upcoming or "",
        notes=password.notes,
        document=document,
    )


def _granted(observed: Observed, counter: Counter) -> bool:
    """Whether every replica knows what the robots may do; one of an older release does not."""
    if not knows_robots(counter.configuration):
        return False
    return unloaded(observed, counter.replicas, CONFIGURATION, sha256(counter.configuration)) is None
