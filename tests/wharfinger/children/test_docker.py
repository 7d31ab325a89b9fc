"""Secrets NAME-pull and NAME-push."""

import json

from wharfinger.children.docker import docker, document_of, login, users
from wharfinger.children.user import ROTATION

DOCUMENT = login(["team.ci.svc", "team:443"], "_pull", "secret")


def test_it_is_as_written_down(owner, golden):
    made = docker(owner, name="_pull", password="secret", upcoming="next", notes={ROTATION: "1"}, document=DOCUMENT)
    golden("docker", made)
    assert document_of(made) == DOCUMENT


def test_every_server_has_the_same_login():
    entry = {"username": "_pull", "password": "secret", "auth": "X3B1bGw6c2VjcmV0"}
    assert json.loads(DOCUMENT) == {"auths": {"team.ci.svc": entry, "team:443": entry}}


def test_it_says_whom_it_logs_in_as():
    assert users(DOCUMENT) == {"_pull"}


def test_what_others_made_of_it_logs_in_as_nobody():
    for text in (None, b"", b"[]", b"nonsense", b'{"auths": {"a": "b"}}', b"\xff"):
        assert users(text) == set()
