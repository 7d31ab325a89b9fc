"""Each user's password: given or generated, and its rotation."""

import base64
import datetime as dt

import pytest

from wharfinger.api.auth import SecretKey, User
from wharfinger.children.owner import Owner
from wharfinger.children.user import NEXT, ROTATION
from wharfinger.decide.observed import Observed
from wharfinger.decide.passwords import generated, given, readable, source
from wharfinger.decide.replacement import Surroundings

NOW = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
OWNER = Owner("team", "ci", "u")
CI = User(name="ci", password_from=SecretKey(secret_name="theirs", key="pw"))


def secret(data, **annotations):
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"uid": "s", "resourceVersion": "7", "annotations": annotations}
    return {"metadata": metadata, "data": encoded}


def make(world, user, live, *, loaded=False):
    return generated(OWNER, user, live, Surroundings(NOW, loaded=loaded), world().mint)


@pytest.mark.parametrize(
    ("live", "reason", "said"),
    [
        (None, "PasswordMissing", "Secret 'theirs' is missing"),
        (secret({}), "PasswordMissing", "key 'pw' of Secret 'theirs'"),
        (secret({"pw": b""}), "PasswordMissing", "key 'pw' of Secret 'theirs'"),
        (secret({"pw": b"\xff"}), "PasswordMalformed", "key 'pw' of Secret 'theirs'"),
        (secret({"pw": b"x" * 73}), "PasswordMalformed", "72 bytes"),
        (secret({"pw": b"a\nb"}), "PasswordMalformed", "one line"),
        (secret({"pw": b"\n"}), "PasswordMalformed", "one line"),
    ],
)
def test_a_given_password_that_cannot_be_used_is_named_by_key_and_secret(live, reason, said):
    found = given(CI, Observed(secrets={"theirs": live}))
    assert found.current is None
    assert found.problem is not None
    assert found.problem.reason == reason
    assert said in found.problem.message


def test_a_given_password_that_may_not_be_read_is_not_called_missing():
    refused = {("Secret", "theirs"): "the operator may not read it: apply the release's ClusterRole again"}
    found = given(CI, Observed(secrets={"theirs": None}, refused=refused))
    assert found.problem is not None
    assert "cannot be read: the operator may not read it: apply the release's ClusterRole" in found.problem.message


def test_a_given_password_is_taken_with_its_source():
    found = given(CI, Observed(secrets={"theirs": secret({"pw": b"secret\n"})}))
    assert (found.current, found.source, found.notes, found.problem) == ("secret", "s/7", {}, None)


@pytest.mark.parametrize(
    ("value", "text"),
    [(b"a", "a"), (b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", None), (b" a ", " a "), (b"\x00", None), (b"", None)],
)
def test_one_line_end_is_not_part_of_a_password(value, text):
    assert readable(value) == text


def test_a_user_gets_a_password_once(world):
    made = make(world, User(name="ci"), None)
    assert made.source == ""  # its line is made once the Secret is seen in place
    assert [str(event.reason) for event in made.events] == ["UserCreated"]
    live = secret({"username": b"ci", "password": b"p"})
    kept = make(world, User(name="ci"), live)
    assert (kept.current, kept.source, kept.events) == ("p", "s/7", ())


def test_a_password_that_somebody_wrote_into_our_secret_may_be_one_that_can_be_guessed(world):
    live = secret({"password": b"p"})
    assert make(world, User(name="ci"), live).random
    live["metadata"]["managedFields"] = [{"manager": "kubectl-edit", "fieldsV1": {"f:data": {"f:password": {}}}}]
    assert not make(world, User(name="ci"), live).random


@pytest.mark.parametrize("data", [{}, {"password": b""}, {"password": b"\xff"}])
def test_a_secret_without_a_usable_password_gets_a_new_one(world, data):
    made = make(world, User(name="ci"), secret(data))
    assert made.current
    assert "held no usable password" in made.events[0].message


def test_new_rotation_text_lets_a_new_password_wait(world):
    made = make(world, User(name="ci", rotation="2"), secret({"password": b"old"}, **{ROTATION: "1"}))
    assert (made.current, bool(made.upcoming)) == ("old", True)
    assert made.notes[ROTATION] == "2"


@pytest.mark.parametrize("rotation", ["1", None])
def test_the_same_or_no_text_rotates_nothing(world, rotation):
    made = make(world, User(name="ci", rotation=rotation), secret({"password": b"old"}, **{ROTATION: "1"}))
    assert made.upcoming is None
    assert made.notes[ROTATION] == "1"


def test_a_waiting_password_waits_until_it_is_loaded(world):
    live = secret({"password": b"old", NEXT: b"new"}, **{ROTATION: "2"})
    waiting = make(world, User(name="ci", rotation="2"), live)
    assert (waiting.current, waiting.upcoming) == ("old", "new")
    done = make(world, User(name="ci", rotation="2"), live, loaded=True)
    assert (done.current, done.upcoming, done.rotated_at) == ("new", None, "2026-03-01T00:00:00Z")
    assert [str(event.reason) for event in done.events] == ["PasswordChanged"]


def test_another_text_while_one_waits_keeps_the_waiting_password(world):
    live = secret({"password": b"old", NEXT: b"new"}, **{ROTATION: "2"})
    made = make(world, User(name="ci", rotation="3"), live, loaded=True)
    assert (made.current, made.upcoming) == ("old", "new")


def test_no_password_shows_in_an_event(world):
    made = make(world, User(name="ci"), None)
    assert made.current not in "".join(event.message for event in made.events)


def test_a_secret_that_is_not_there_has_no_source():
    assert source(None) == ""
