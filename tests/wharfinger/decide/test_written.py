"""The htpasswd file as it is: trusted only when it is the one that was written."""

import base64

from wharfinger.children.owner import Owner
from wharfinger.decide.observed import Observed
from wharfinger.decide.written import Written

OWNER = Owner("team", "ci", "u")


def test_what_is_not_there_says_nothing():
    written = Written.read(OWNER, Observed(), 1)
    assert (written.text, written.lines, written.trusted, written.loaded) == (None, (), False, False)


def test_what_was_written_is_trusted_and_says_what_it_was_made_from(world):
    here = world()
    here.settle()
    written = Written.read(OWNER, here.observed, 1)
    assert written.trusted
    assert written.loaded
    assert [line.user for line in written.of("admin")] == ["admin"]
    secret = here.child("Secret", "team-user-admin")["metadata"]
    source = f"{secret['uid']}/{secret['resourceVersion']}"
    assert written.seen("admin", source)
    assert not written.seen("admin", "other/1")
    assert not written.seen("nobody", "")
    assert written.version("admin") == source


def test_what_others_wrote_is_neither_trusted_nor_loaded(world):
    here = world()
    here.settle()
    secret = here.child("Secret", "team-htpasswd")
    here.put(secret | {"data": {"htpasswd": base64.b64encode(b"a:$2b$04$x\n").decode()}})
    written = Written.read(OWNER, here.observed, 1)
    assert not written.trusted
    assert not written.loaded
    assert written.sources == {}
