"""CredentialsReady: in which words. What it is decided from: test_credentials.py, test_rotation.py."""

from wharfinger.api import load
from wharfinger.decide.logins import State, everyone_can_log_in, password_trouble, rotating
from wharfinger.decide.observed import Observed
from wharfinger.decide.passwords import Password, given


def state(people, spec=None, text=""):
    registry = load.registry({"metadata": {"name": "team", "namespace": "ci"}, "spec": spec or {}})
    return State(registry, Observed(), tuple(people), (), False, 0, text)


def test_people_are_counted():
    one, two = (Password(user=name, secret=name) for name in "ab")
    assert everyone_can_log_in(state([one])).message == "1 user can log in"
    assert everyone_can_log_in(state([one, two])).message == "2 users can log in"


def test_of_several_troubles_the_first_is_told_and_the_others_counted():
    spec = {"auth": {"users": [{"name": name, "passwordFrom": {"secretName": f"s-{name}"}} for name in "ab"]}}
    registry = state([], spec).registry
    broken = [given(user, Observed(secrets={})) for user in registry.spec.auth.users]
    found = password_trouble(state(broken, spec, "a:$2b$04$x\n"))
    assert found is not None
    assert found.message == (
        "Secret 's-a' is missing: create it with the password of user 'a' under key 'password'. Until then the user's "
        "last password goes on working (1 more like it)"
    )


def test_a_new_password_on_its_way_is_named():
    found = rotating(state([Password(user="a", secret="a", upcoming="b")]))
    assert found is not None
    assert found.message == "the new password of 'a' is about to take over"


def test_a_group_that_nobody_is_in_is_pointed_out():
    spec = {"access": [{"repositories": ["a"], "groups": ["g"], "actions": ["pull"]}]}
    assert "spec.access[0] names group 'g'" in everyone_can_log_in(state([], spec)).message
