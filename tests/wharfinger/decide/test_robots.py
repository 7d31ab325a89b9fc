"""The operator's own accounts: what they may do, as wharf itself reads it."""

import re

import pytest

import wharf.config
from wharf.auth.access import AccessPolicy, Subject
from wharfinger.api import load
from wharfinger.api.auth import _USER_NAME, User
from wharfinger.decide.robots import PULL, PUSH, is_robot, robots


def policy(here):
    config = wharf.config.parse(here.data("team-config", "config.yaml"))
    assert config.auth is not None
    return AccessPolicy(config.access, robots=config.auth.robots)


def may(here, name):
    return [action for action in ("pull", "push", "delete") if policy(here).allows(Subject(name), "team/app", action)]


@pytest.mark.parametrize("access", [None, [], [{"repositories": ["**"], "users": ["*"], "actions": ["delete"]}]])
def test_whatever_the_rules_say_one_pulls_and_one_pushes(world, access):
    here = world({} if access is None else {"access": access})
    here.settle()
    assert may(here, PULL) == ["pull"]
    assert may(here, PUSH) == ["pull", "push"]


def test_their_repositories_can_be_limited(world):
    here = world({"pullSecrets": {"repositories": ["team/*"]}, "pushSecrets": {"repositories": ["other/**"]}})
    here.settle()
    assert may(here, PULL) == ["pull"]
    assert may(here, PUSH) == []


def test_no_user_can_have_the_name_of_a_robot():
    pattern = re.search(r"'(.*)'", _USER_NAME.rule)
    assert pattern is not None
    assert not any(re.fullmatch(pattern[1], name) for name in (PULL, PUSH))


def test_a_robot_is_told_from_a_user():
    registry = load.registry({"metadata": {"name": "team", "namespace": "ci"}})
    assert all(is_robot(robot.account) for robot in robots(registry))
    assert not is_robot(User(name="pull"))


def test_robots_rotate_as_users_do(world):
    here = world({"pullSecrets": {"rotateEvery": "24h"}})
    here.settle()
    pull, push = here.registry["status"]["robots"]
    assert pull == {"name": "_pull", "secretName": "team-pull", "nextRotation": "2026-03-02T12:00:00Z"}
    assert push == {"name": "_push", "secretName": "team-push"}
    assert here.registry["status"]["userCount"] == 1
