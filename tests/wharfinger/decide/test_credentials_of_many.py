"""Users who come, go and change, one by one and by the hundred."""

from tests.wharfinger.decide.credential_states import lines, start, works

from wharfinger.decide.credentials import MOST_HASHED


def test_a_removed_user_is_out_at_once(world):
    here = start(world, users=[{"name": "a"}, {"name": "b"}])
    here.edit(auth={"users": [{"name": "a"}]})
    here.settle()
    assert {line.user for line in lines(here)} == {"a"}
    assert ("Secret", "team-user-b") not in here.observed.children
    assert sum("UserRemoved" in event for event in here.events) == 1


def test_a_user_removed_as_another_comes_is_told_once(world):
    here = start(world, users=[{"name": "a"}])
    here.edit(auth={"users": [{"name": "b"}]})
    here.settle()
    assert sum("UserRemoved" in event for event in here.events) == 1


def test_rules_that_name_nobody_are_pointed_out(world):
    here = world({"access": [{"repositories": ["a"], "users": ["*", "bob"], "actions": ["pull"]}]})
    here.settle()
    status, _, message = here.condition("CredentialsReady")
    assert status == "True"
    assert "spec.access[0] names user 'bob'" in message


def test_secrets_of_odd_user_names_are_found_again(world):
    here = start(world, users=[{"name": "CI_Bot@x"}])
    assert here.condition("Ready")[0] == "True"
    assert len([key for key in here.observed.children if "-user-" in key[1]]) == 1


def test_only_passwords_that_we_made_are_hashed_at_the_least_cost(world):
    here = world({"auth": {"users": [{"name": "a"}, {"name": "b", "passwordFrom": {"secretName": "theirs"}}]}})
    here.secret("theirs", password="summer")
    here.settle()
    costs = {line.user: line.hash[:7] for line in lines(here)}
    assert costs == {"a": "$2b$04$", "b": "$2b$10$"}


def test_two_users_may_share_a_secret(world):
    users = [{"name": name, "passwordFrom": {"secretName": "theirs"}} for name in "ab"]
    here = world({"auth": {"users": users}})
    here.secret("theirs", password="one")
    here.settle()
    here.secret("theirs", password="two")
    here.settle()
    assert all(works(here, user, password) for user in "ab" for password in ("one", "two"))


def test_a_user_that_comes_back_gets_another_password(world):
    here = start(world, users=[{"name": "a"}, {"name": "b"}])
    old = here.data("team-user-b", "password")
    here.edit(auth={"users": [{"name": "a"}]})
    here.settle()
    here.edit(auth={"users": [{"name": "a"}, {"name": "b"}]})
    here.settle()
    assert not works(here, "b", old)
    assert works(here, "b", here.data("team-user-b", "password"))


def test_a_renamed_user_is_another_user(world):
    here = start(world, users=[{"name": "a"}])
    old = here.data("team-user-a", "password")
    here.edit(auth={"users": [{"name": "b"}]})
    here.settle()
    assert not works(here, "a", old)
    assert not works(here, "b", old)
    assert ("Secret", "team-user-a") not in here.observed.children


def test_from_given_to_generated_and_back_both_work_during_the_overlap(world):
    here = world({"auth": {"users": [{"name": "ci", "passwordFrom": {"secretName": "theirs"}}]}})
    here.secret("theirs", password="given")
    here.settle()
    here.edit(auth={"users": [{"name": "ci"}]})
    here.settle()
    made = here.data("team-user-ci", "password")
    assert works(here, "ci", "given")
    assert works(here, "ci", made)
    here.edit(auth={"users": [{"name": "ci", "passwordFrom": {"secretName": "theirs"}}]})
    here.settle()
    assert works(here, "ci", "given")
    assert works(here, "ci", made)
    assert ("Secret", "team-user-ci") not in here.observed.children


def test_five_hundred_and_twelve_users_fit_into_a_secret(world):
    here = start(world, users=[{"name": f"user-{number:03}"} for number in range(512)])
    assert here.condition("CredentialsReady")[2] == "512 users can log in"
    text = here.data("team-htpasswd", "htpasswd")
    longest = max(map(len, text.splitlines())) + len(":2026-03-01T12:00:00Z")
    assert longest * 514 * 17 < 1024 * 1024  # everyone with as many old passwords as may be


def test_many_passwords_that_people_chose_are_hashed_pass_by_pass(world):
    names = [f"user-{number:03}" for number in range(150)]
    here = world({"auth": {"users": [{"name": name, "passwordFrom": {"secretName": name}} for name in names]}})
    for name in names:
        here.secret(name, password=f"given-{name}")
    here.run_pods()
    here.step()  # generates the robots' passwords
    here.step()
    assert here.mint.hashed == MOST_HASHED + 2
    assert here.condition("CredentialsReady")[1:] == ("CredentialsPending", "118 more passwords are being hashed")
    assert works(here, names[0], f"given-{names[0]}")
    here.settle()
    assert here.condition("CredentialsReady")[2] == "150 users can log in"
    assert here.mint.hashed == 152
    assert all(works(here, name, f"given-{name}") for name in names)


def test_while_many_new_passwords_are_hashed_the_old_ones_work(world):
    names = [f"user-{number:03}" for number in range(100)]
    here = world({"auth": {"users": [{"name": name, "passwordFrom": {"secretName": name}} for name in names]}})
    for name in names:
        here.secret(name, password=f"old-{name}")
    here.settle()
    for name in names:
        here.secret(name, password=f"new-{name}")
    here.step()
    assert works(here, names[-1], f"old-{names[-1]}")
    assert not works(here, names[-1], f"new-{names[-1]}")
    here.settle()
    assert works(here, names[-1], f"old-{names[-1]}")
    assert works(here, names[-1], f"new-{names[-1]}")
