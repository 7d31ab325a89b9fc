"""Replacing a generated password: by text, by schedule, and at once because it is known to others."""

import datetime as dt

import pytest

from wharfinger.api.auth import User
from wharfinger.children.user import REVOKE, REVOKING, ROTATED_AT, ROTATION
from wharfinger.decide.htpasswd import parse
from wharfinger.decide.replacement import MOST_OLD, PATIENCE, Rotating, Surroundings, rotate

MINUTE = dt.timedelta(minutes=1)
SPEC = {"name": "ci", "rotation": "1"}


def start(world, overlap="24h", **user):
    here = world({"auth": {"rotationOverlap": overlap, "users": [SPEC | user]}})
    here.settle()
    return here


def edit(here, **user):
    auth = here.registry["spec"]["auth"]
    here.edit(auth=auth | {"users": [auth["users"][0] | user]})


def password(here):
    return here.data("team-user-ci", "password")


def works(here, given, user="ci"):
    lines = [line for line in parse(here.data("team-htpasswd", "htpasswd")) if line.user == user]
    return any(here.mint.verify(given, line.hash) and (not line.expires or line.expires > here.now) for line in lines)


def status(here):
    return here.registry["status"]["users"][0]


def test_a_schedule_replaces_the_password_again_and_again(world):
    here = start(world, rotateEvery="10m")
    assert status(here)["nextRotation"] == "2026-03-01T12:10:00Z"
    assert here.plans[-1].requeue_after == 600
    seen = [password(here)]
    for _ in range(3):
        here.now += 10 * MINUTE
        here.settle()
        seen.append(password(here))
        assert all(works(here, one) for one in seen)
    assert len(set(seen)) == 4
    assert status(here)["rotatedAt"] == "2026-03-01T12:30:00Z"
    assert status(here)["nextRotation"] == "2026-03-01T12:40:00Z"


def test_an_operator_that_was_away_makes_up_for_one_rotation_not_for_all(world):
    here = start(world, rotateEvery="10m")
    old = password(here)
    here.now += 100 * MINUTE
    here.settle()
    assert password(here) != old
    assert sum("RotationStarted" in event for event in here.events) == 1
    assert status(here)["nextRotation"] == "2026-03-01T13:50:00Z"


def test_a_schedule_that_comes_later_counts_from_the_last_rotation(world):
    here = start(world)
    old = password(here)
    here.now += 60 * MINUTE
    edit(here, rotateEvery="90m")
    here.settle()
    assert password(here) == old
    assert status(here)["nextRotation"] == "2026-03-01T13:30:00Z"


def test_a_clock_that_was_ahead_does_not_put_the_schedule_off(world):
    here = start(world, rotateEvery="10m")
    here.now += dt.timedelta(days=400)
    here.settle()
    here.now -= dt.timedelta(days=400)
    here.settle()
    assert status(here)["nextRotation"] == "2026-03-01T12:10:00Z"


def test_a_rotation_is_told_as_it_begins_and_as_it_is_done(world):
    here = start(world)
    here.events.clear()
    edit(here, rotation="2")
    here.settle()
    started, changed = (event for event in here.events if "ci'" in event)
    assert started.startswith("Normal RotationStarted: A new password of user 'ci' was made, as `rotation` asks;")
    assert changed.endswith("The password of user 'ci' was replaced; the new one is in Secret 'team-user-ci'")


def test_revoking_ends_every_earlier_password_once_the_new_one_is_in_place(world):
    here = start(world)
    first = password(here)
    edit(here, rotation="2")
    here.settle()
    second = password(here)
    edit(here, revoke="leaked")
    here.step()  # the new one waits
    assert password(here) == second
    here.step()  # it is in the file; what had been replaced before is out of it
    assert works(here, second)
    assert not works(here, first)
    here.settle()
    assert works(here, password(here))
    assert not works(here, second)
    assert "previousValidUntil" not in status(here)
    (told,) = (event for event in here.events if "PasswordRevoked" in event)
    assert told.endswith("Every earlier password of user 'ci' was revoked; the new one is in Secret 'team-user-ci'")


def test_after_a_revocation_rotations_overlap_again(world):
    here = start(world)
    edit(here, revoke="leaked")
    here.settle()
    old = password(here)
    assert REVOKING not in here.child("Secret", "team-user-ci")["metadata"]["annotations"]
    edit(here, rotation="2")
    here.settle()
    assert works(here, old)
    assert works(here, password(here))


def test_the_same_text_revokes_once(world):
    here = start(world, revoke="a")
    old = password(here)
    edit(here, groups=["g"])
    here.settle()
    assert password(here) == old


def test_what_waits_when_a_revocation_comes_is_not_trusted_either(world):
    here = start(world)
    edit(here, rotation="2")
    here.step()
    here.step()
    waiting = here.data("team-user-ci", "next-password")
    edit(here, revoke="leaked")
    here.settle()
    assert password(here) != waiting
    assert not works(here, waiting)


def test_a_revocation_waits_for_a_silent_replica_a_minute_at_most(world):
    here = start(world)
    old = password(here)
    edit(here, revoke="leaked")
    for _ in range(4):
        plan = here.step()  # nothing is loaded, as far as is known
    assert works(here, old)
    assert 0 < plan.requeue_after <= PATIENCE.total_seconds()
    here.now += PATIENCE
    here.step()
    assert password(here) != old
    assert not works(here, old)


def test_a_rotation_waits_for_a_silent_replica_for_as_long_as_it_takes(world):
    here = start(world)
    old = password(here)
    edit(here, rotation="2")
    for _ in range(4):
        here.step()
        here.now += 60 * MINUTE
    assert password(here) == old
    assert works(here, old)


def test_revoking_a_given_password_ends_those_before_it(world):
    user = {"name": "ci", "passwordFrom": {"secretName": "theirs"}}
    here = world({"auth": {"users": [user]}})
    for given in ("one", "two"):
        here.secret("theirs", password=given)
        here.settle()
    here.edit(auth={"users": [user | {"revoke": "now"}]})
    here.settle()
    assert works(here, "two")
    assert not works(here, "one")
    here.secret("theirs", password="three")
    here.settle()
    assert works(here, "two")  # revoking is done once for each text


def test_a_secret_and_its_revocation_may_come_together(world):
    user = {"name": "ci", "passwordFrom": {"secretName": "theirs"}}
    here = world({"auth": {"users": [user]}})
    here.secret("theirs", password="one")
    here.settle()
    here.secret("theirs", password="two")
    here.edit(auth={"users": [user | {"revoke": "now"}]})
    here.settle()
    assert works(here, "two")
    assert not works(here, "one")


def test_so_many_rotations_that_logins_would_suffer_wait_for_old_passwords_to_end(world):
    here = start(world, overlap="1h")
    for number in range(MOST_OLD + 1):
        edit(here, rotation=f"again-{number}")
        here.settle()
    last = password(here)
    status, reason, message = here.condition("CredentialsReady")
    assert (status, reason) == ("False", "RotationPostponed")
    assert "waits until 2026-03-01T13:00:00Z" in message
    assert "revoke" in message
    assert works(here, last)
    here.now += 60 * MINUTE
    here.settle()
    assert password(here) != last
    assert here.condition("CredentialsReady")[0] == "True"


def test_a_paused_registry_rotates(world):
    here = start(world)
    old = password(here)
    here.edit(paused=True)
    here.settle()
    edit(here, rotation="2")
    here.settle()
    assert password(here) != old
    assert works(here, old)


@pytest.mark.parametrize("steps", range(5))
@pytest.mark.parametrize("writes", range(2))
@pytest.mark.parametrize("change", [{"rotation": "2"}, {"revoke": "x"}], ids=str)
def test_killed_at_any_write_what_the_secret_says_works(world, change, steps, writes):
    here = start(world, overlap="0s")
    before = password(here)
    edit(here, **change)
    for number in range(8):
        here.step(writes if number == steps else None)
        assert works(here, password(here))
        here.run_pods()
    here.settle()
    assert works(here, password(here))
    assert not works(here, before)


def test_a_secret_with_unreadable_notes_is_read_as_far_as_it_goes():
    state = Rotating.read("p", None, {ROTATED_AT: "yesterday", REVOKING: "", ROTATION: "1", REVOKE: "r"}, "")
    assert (state.rotated_at, state.revoking, state.rotation, state.revoke) == (None, None, "1", "r")
    assert (
        rotate(User(name="ci"), "s", state, Surroundings(dt.datetime(2026, 3, 1, tzinfo=dt.UTC)), None).state == state
    )
