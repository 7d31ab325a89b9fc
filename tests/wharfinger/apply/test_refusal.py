"""What the API server refuses is told with its remedy."""

import pytest

from wharfinger.apply.refusal import Failure, Refusals, remedy
from wharfinger.kube.cache import Key
from wharfinger.kube.errors import BusyError, ForbiddenError, InvalidError, KubeError, OwnedError

TEAM = Key("ci", "team")
CLAIM, SERVICE = ("PersistentVolumeClaim", "team"), ("Service", "team")


@pytest.mark.parametrize(
    ("error", "way_out"),
    [
        (OwnedError("conflict"), "another Service named team is there already"),
        (InvalidError('type: Invalid value: "a/b": field is immutable'), "another Service named team is there already"),
        (ForbiddenError("exceeded quota: q, requested: 1"), "ResourceQuota"),
        (ForbiddenError('User "system:x" cannot patch resource "services"'), "ClusterRole"),
        (ForbiddenError("forbidden: unable to create new content because it is being terminated"), "namespace"),
        (ForbiddenError("admission webhook denied the request"), "policy"),
        (InvalidError("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"), "policy"),
        (ForbiddenError('failed calling webhook "a.b.c": no route to host'), "bring that admission webhook back"),
        (InvalidError("spec.ports[0].nodePort: provided port is already allocated"), "field that the message names"),
        (BusyError("HTTP 500"), "tried again"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, KubeError) else value,
)
def test_every_refusal_names_a_way_out(error: KubeError, way_out: str) -> None:
    assert way_out in remedy(error, "Service", "team")
    assert str(error) in Failure("Service", "team", error).message


def test_a_claim_that_is_somebody_else_s_can_be_taken_over_and_is_not_to_be_removed() -> None:
    told = remedy(OwnedError("conflict"), *CLAIM)
    assert "set spec.storage.existingClaim to take it over" in told
    assert "remove" not in told


def test_a_refusal_stands_until_the_child_is_written_or_no_longer_wanted() -> None:
    refusals = Refusals()
    refused = Failure(*CLAIM, ForbiddenError("quota"))
    assert refusals.note(TEAM, [CLAIM, SERVICE], [SERVICE], [refused])
    assert set(refusals.of(TEAM)) == {CLAIM}
    assert not refusals.note(TEAM, [CLAIM], [], [refused]), "the same again is no news"
    assert not refusals.note(TEAM, [CLAIM], [], []), "it was not its turn"
    assert refusals.note(TEAM, [CLAIM], [CLAIM], [])
    assert refusals.of(TEAM) == {}
    refusals.note(TEAM, [CLAIM], [], [refused])
    assert refusals.note(TEAM, [], [], []), "the spec has changed: nothing is wanted any more"
    refusals.note(TEAM, [CLAIM], [], [refused])
    refusals.forget(TEAM)
    assert refusals.of(TEAM) == {}


def test_what_may_pass_is_no_refusal() -> None:
    refusals = Refusals()
    assert not refusals.note(TEAM, [CLAIM], [], [Failure(*CLAIM, BusyError("HTTP 500"))])
    assert refusals.of(TEAM) == {}
