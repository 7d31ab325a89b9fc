"""Names, labels and metadata of the children."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.children.owner import Owner, decoded, encoded

OWNER = Owner("team", "ci", "0a1b")
SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


@pytest.mark.parametrize("user", ["admin", "ci", "team-a.ci", "0"])
def test_a_plain_user_s_secret_has_the_user_s_name(user):
    assert OWNER.user(user) == f"team-user-{user}"


@pytest.mark.parametrize("user", ["Admin", "a_b", "ci@example.com", "a..b", "a-", "X+Y"])
def test_another_user_s_secret_has_a_name_that_kubernetes_takes(user):
    assert SUBDOMAIN.fullmatch(OWNER.user(user))


@given(st.lists(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,12}", fullmatch=True), min_size=2, unique=True))
def test_two_users_never_share_a_secret(users):
    assert len({OWNER.user(user) for user in users}) == len(users)


def test_an_owned_child_names_its_registry_as_controller():
    (reference,) = OWNER.metadata("team")["ownerReferences"]
    assert reference == {
        "apiVersion": "wharfinger.dev/v1",
        "kind": "Registry",
        "name": "team",
        "uid": "0a1b",
        "controller": True,
        "blockOwnerDeletion": False,
    }
    assert "ownerReferences" not in OWNER.metadata("team", owned=False)


def test_labels_are_our_own():
    assert OWNER.metadata("x")["labels"] == {
        "app.kubernetes.io/managed-by": "wharfinger",
        "app.kubernetes.io/name": "wharf",
        "wharfinger.dev/registry": "team",
    }


def test_annotations_are_sorted_and_absent_when_empty():
    assert list(OWNER.metadata("x", annotations={"b": "1", "a": "2"})["annotations"]) == ["a", "b"]
    assert "annotations" not in OWNER.metadata("x", annotations={})


def test_hosts_are_all_names_of_the_service():
    assert OWNER.hosts("cluster.local") == ["team", "team.ci", "team.ci.svc", "team.ci.svc.cluster.local"]


@given(st.dictionaries(st.text(), st.binary()))
def test_what_is_encoded_can_be_decoded(data):
    secret = {"data": encoded(data)}
    assert all(decoded(secret, key) == value for key, value in data.items())


@pytest.mark.parametrize("secret", [None, {}, {"data": None}, {"data": {"a": "not base64!"}}, {"data": {"a": None}}])
def test_what_is_not_there_or_not_base64_is_none(secret):
    assert decoded(secret, "a") is None
