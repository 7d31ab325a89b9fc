"""Tokens: only the registry's own, whole, in time, and for their use."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.auth import scopes
from wharf.auth.tokens import Grant, Tokens

KEY, OLD = b"k" * 32, b"o" * 32
SCOPE = scopes.parse(["repository:a/b:pull,push"])


@pytest.fixture
def tokens(clock):
    return Tokens((KEY, OLD), "wharf", 300.0, clock)


def test_a_token_grants_what_it_was_issued_for(tokens):
    grant = Grant("alice", "proof", SCOPE, 1300.0)
    assert tokens.read(tokens.issue(grant).encode()) == grant
    nobody = Grant("", "", frozenset(), 1300.0)
    assert tokens.read(tokens.issue(nobody).encode()) == nobody


def test_a_token_ends(tokens, clock):
    token = tokens.issue(Grant("alice", "", SCOPE, 1300.0)).encode()
    clock.now = 1299.0
    assert tokens.read(token) is not None
    clock.now = 1300.0
    assert tokens.read(token) is None


def test_a_token_of_another_registry_key_or_use_is_none(tokens, clock):
    grant = Grant("alice", "", SCOPE, 1300.0)
    assert tokens.read(Tokens((KEY,), "other", 300.0, clock).issue(grant).encode()) is None
    assert tokens.read(Tokens((b"x" * 32,), "wharf", 300.0, clock).issue(grant).encode()) is None
    assert tokens.read(tokens.issue(grant, "refresh").encode()) is None
    assert tokens.read(tokens.issue(grant).encode(), "refresh") is None


def test_a_key_that_was_replaced_still_verifies_and_signs_no_more(tokens, clock):
    grant = Grant("alice", "", SCOPE, 1300.0)
    assert tokens.read(Tokens((OLD,), "wharf", 300.0, clock).issue(grant).encode()) == grant
    assert Tokens((OLD,), "wharf", 300.0, clock).read(tokens.issue(grant).encode()) is None


def test_nothing_of_a_token_can_be_changed(tokens):
    token = tokens.issue(Grant("alice", "", SCOPE, 1300.0)).encode()
    header, claims, signature = token.split(b".")
    changed = json.loads(base64.urlsafe_b64decode(claims + b"=="))
    changed["sub"] = "root"
    forged = base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b"=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=")
    for bad in (header + b"." + forged + b"." + signature, unsigned + b"." + forged + b".", unsigned + token[20:]):
        assert tokens.read(bad) is None


@given(st.binary(max_size=200))
def test_no_bytes_break_the_reader(content):
    assert Tokens((KEY,), "wharf", 300.0, lambda: 1000.0).read(content) is None


def test_a_huge_token_is_not_looked_at(tokens):
    assert tokens.read(b"a" * 20_000 + b".b") is None
