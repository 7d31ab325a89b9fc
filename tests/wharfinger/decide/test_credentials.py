"""From spec.auth to what clients log in with, over the life of a registry."""

import base64
import datetime as dt

from tests.wharfinger.decide.credential_states import lines, start, works

HOUR = dt.timedelta(hours=1)


def test_without_users_there_is_an_admin_with_a_generated_password(world):
    here = start(world)
    assert works(here, "admin", here.data("team-user-admin", "password"))
    assert here.registry["status"]["users"] == [{"name": "admin", "secretName": "team-user-admin"}]
    assert here.registry["status"]["userCount"] == 1
    assert here.condition("CredentialsReady") == ("True", "CredentialsLive", "1 user can log in")


def test_a_line_is_made_only_from_a_password_that_is_in_place(world):
    here = world()
    plan = here.step()
    names = [child["metadata"]["name"] for child in plan.apply]
    assert "team-user-admin" in names
    assert "team-htpasswd" not in names
    assert "Deployment" not in [child["kind"] for child in plan.apply]


def test_a_steady_state_neither_hashes_nor_verifies(world):
    here = start(world, users=[{"name": "a"}, {"name": "b"}])
    here.mint.hashed = here.mint.verified = 0
    here.step()
    assert (here.mint.hashed, here.mint.verified) == (0, 0)


def test_an_unchanged_password_keeps_its_line_when_its_secret_is_touched(world):
    here = start(world)
    before = lines(here)
    here.put(here.child("Secret", "team-user-admin"))  # only its resourceVersion changes
    here.settle()
    assert lines(here) == before


def test_a_given_password_works_and_is_named_in_status(world):
    here = world({"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "theirs"}}]}})
    here.secret("theirs", password="given")
    here.settle()
    assert works(here, "ci", "given")
    assert here.registry["status"]["users"] == [{"name": "ci", "secretName": "theirs"}]
    assert ("Secret", "team-user-ci") not in here.observed.children


def test_a_missing_secret_is_named_and_stops_nobody_else(world):
    here = start(world, users=[{"name": "a"}, {"name": "ci", "passwordFrom": {"secretName": "theirs"}}])
    status, reason, message = here.condition("CredentialsReady")
    assert (status, reason) == ("False", "PasswordMissing")
    assert "Secret 'theirs'" in message
    assert "the user cannot log in" in message
    assert works(here, "a", here.data("team-user-a", "password"))
    assert here.condition("WorkloadReady")[0] == "True"
    assert here.condition("Ready")[:2] == ("False", "PasswordMissing")
    here.secret("theirs", password="given")
    here.settle()
    assert works(here, "ci", "given")
    assert here.condition("Ready")[0] == "True"


def test_a_secret_that_goes_missing_leaves_the_old_password_working(world):
    here = world({"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "theirs"}}]}})
    here.secret("theirs", password="given")
    here.settle()
    before = lines(here)
    here.change(secrets={"theirs": None})
    here.settle()
    assert lines(here) == before
    assert here.condition("CredentialsReady")[:2] == ("False", "PasswordMissing")
    assert "last password goes on working" in here.condition("CredentialsReady")[2]
    assert ("Secret", "team-pull") in here.observed.children


def test_a_secret_that_never_was_is_no_talk_of_a_last_password(world):
    here = start(world, users=[{"name": "ci", "passwordFrom": {"secretName": "theirs"}}])
    _, reason, message = here.condition("CredentialsReady")
    assert reason == "PasswordMissing"
    assert "the user cannot log in" in message
    assert "last password" not in message


def test_an_edited_secret_gives_the_new_password_beside_the_old_until_the_overlap_is_over(world):
    here = world({"auth": {"rotationOverlap": "1h", "users": [{"name": "ci", "passwordFrom": {"secretName": "s"}}]}})
    here.secret("s", password="old")
    here.settle()
    here.events.clear()
    here.secret("s", password="new")
    here.settle()
    assert here.events[0] == "Normal PasswordChanged: The password of user 'ci' was replaced, as Secret 's' says"
    assert sum("PasswordChanged" in event for event in here.events) == 1
    assert works(here, "ci", "old")
    assert works(here, "ci", "new")
    (user,) = here.registry["status"]["users"]
    assert user["previousValidUntil"] == "2026-03-01T13:00:00Z"
    assert here.plans[-1].requeue_after == HOUR.total_seconds()
    here.now += HOUR
    assert not works(here, "ci", "old")  # the registry sees to that, with or without us
    here.settle()
    assert len(lines(here)) == 1
    assert "previousValidUntil" not in here.registry["status"]["users"][0]


def test_a_rotation_changes_secrets_only_after_every_replica_knows_the_new_password(world):
    here = start(world, users=[{"name": "ci", "rotation": "1"}])
    old = here.data("team-user-ci", "password")
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.step()  # the new password waits in its Secret
    here.step()  # its hash is in the file
    new = here.data("team-user-ci", "next-password")
    assert works(here, "ci", new)
    assert works(here, "ci", old)
    plan = here.step()  # no replica has loaded it: nothing moves
    assert here.data("team-user-ci", "password") == old
    assert plan.poke == ("team-0",)
    assert here.condition("CredentialsReady")[:2] == ("False", "CredentialsPending")
    here.run_pods()
    here.step()
    assert here.data("team-user-ci", "password") == new
    here.settle()
    assert works(here, "ci", old)
    (user,) = here.registry["status"]["users"]
    assert user["rotatedAt"] == "2026-03-01T12:00:00Z"
    assert user["previousValidUntil"] == "2026-03-02T12:00:00Z"
    assert any("PasswordChanged" in event for event in here.events)
    assert here.condition("Ready")[0] == "True"


def test_without_overlap_the_old_password_ends_with_the_new_one_in_place(world):
    here = start(world, rotationOverlap="0s", users=[{"name": "ci", "rotation": "1"}])
    old = here.data("team-user-ci", "password")
    here.edit(auth={"rotationOverlap": "0s", "users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert not works(here, "ci", old)
    assert works(here, "ci", here.data("team-user-ci", "password"))
    assert len(lines(here)) == 1


def test_setting_the_overlap_to_zero_revokes_old_passwords_now(world):
    here = start(world, users=[{"name": "ci", "rotation": "1"}])
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert len(lines(here)) == 2
    here.edit(auth={"rotationOverlap": "0s", "users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert len(lines(here)) == 1


def test_a_stopped_registry_rotates_too(world):
    here = world({"replicas": 0, "auth": {"users": [{"name": "ci", "rotation": "1"}]}})
    here.settle()
    old = here.data("team-user-ci", "password")
    here.edit(auth={"users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    assert here.data("team-user-ci", "password") != old


def test_a_deleted_password_secret_comes_back_with_a_new_password_and_the_old_one_ends_later(world):
    here = start(world)
    old = here.data("team-user-admin", "password")
    here.remove("Secret", "team-user-admin")
    here.settle()
    assert here.data("team-user-admin", "password") != old
    assert works(here, "admin", old)
    assert len(lines(here)) == 2


def test_a_deleted_file_is_made_again_from_the_same_passwords(world):
    here = start(world, users=[{"name": "a"}, {"name": "b"}])
    here.remove("Secret", "team-htpasswd")
    here.settle()
    for user in "ab":
        assert works(here, user, here.data(f"team-user-{user}", "password"))


def test_a_line_that_we_did_not_write_is_dropped_and_ours_is_kept(world):
    here = start(world)
    before = lines(here)
    secret = here.child("Secret", "team-htpasswd")
    tampered = here.data("team-htpasswd", "htpasswd") + f"admin:{here.mint.hash('intruder')}\n"
    here.put(secret | {"data": {"htpasswd": base64.b64encode(tampered.encode()).decode()}})
    here.settle()
    assert lines(here) == before


def test_a_file_without_our_note_vouches_for_nothing(world):
    here = start(world)
    secret = here.child("Secret", "team-htpasswd")
    secret["metadata"]["annotations"] = {"wharfinger.dev/sources": "nonsense"}
    here.put(secret)
    here.settle()
    assert works(here, "admin", here.data("team-user-admin", "password"))


def test_a_hundred_edits_of_a_secret_leave_no_more_than_sixteen_old_passwords(world):
    here = world({"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "theirs"}}]}})
    for number in range(30):
        here.secret("theirs", password=f"given-{number}")
        here.now += dt.timedelta(seconds=5)
        here.settle()
    assert len(lines(here)) == 17
    assert all(works(here, "ci", f"given-{number}") for number in range(13, 30))
    assert not works(here, "ci", "given-12")


def test_the_end_of_an_old_password_is_told_once(world):
    here = start(world, rotationOverlap="1h", users=[{"name": "ci", "rotation": "1"}])
    here.edit(auth={"rotationOverlap": "1h", "users": [{"name": "ci", "rotation": "2"}]})
    here.settle()
    here.now += HOUR
    here.settle()
    told = [event for event in here.events if "PasswordEnded" in event]
    assert told == ["Normal PasswordEnded: A replaced password of user 'ci' no longer works"]
