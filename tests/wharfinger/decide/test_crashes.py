"""The operator may be killed after any single write: what follows converges, and no working password is ever lost."""

import pytest

from wharfinger.decide.htpasswd import parse


def works(here, user):
    """Whether the password in the user's Secret is one that the registry takes."""
    password = here.data(f"team-user-{user}", "password")
    lines = parse(here.data("team-htpasswd", "htpasswd"))
    return any(line.user == user and here.mint.verify(password, line.hash) for line in lines)


@pytest.mark.parametrize("writes", range(10))
def test_killed_while_it_makes_a_registry(world, writes):
    here = world({"auth": {"users": [{"name": "a"}, {"name": "b"}]}})
    here.step(writes)
    here.step(writes)
    here.settle()
    assert here.condition("Ready")[0] == "True"
    assert works(here, "a")
    assert works(here, "b")


@pytest.mark.parametrize("writes", range(4))
@pytest.mark.parametrize("when", range(5))
def test_killed_while_it_rotates_a_password(world, when, writes):
    here = world({"auth": {"users": [{"name": "a", "rotation": "1"}, {"name": "b"}]}})
    here.settle()
    before = here.data("team-user-a", "password")
    here.edit(auth={"users": [{"name": "a", "rotation": "2"}, {"name": "b"}]})
    for number in range(8):
        here.step(writes if number == when else None)
        assert works(here, "a")  # at every moment
        assert works(here, "b")
        here.run_pods()
    here.settle()
    assert here.data("team-user-a", "password") != before
    assert here.condition("Ready")[0] == "True"


@pytest.mark.parametrize("writes", range(4))
def test_killed_while_it_renews_a_certificate(world, writes):
    here = world({"tls": {"selfSigned": {"validity": "24h", "caValidity": "30h"}}})
    here.settle()
    here.now = here.now.replace(day=2, hour=13)  # both are due
    here.step(writes)
    here.settle()
    assert here.condition("Ready")[0] == "True"
    assert here.data("team-tls", "ca.crt") == here.child("ConfigMap", "team-ca")["data"]["ca.crt"]


@pytest.mark.parametrize("writes", range(3))
def test_killed_while_it_takes_up_another_source(world, writes):
    here = world({"auth": {"users": [{"name": "a"}]}})
    here.settle()
    here.secret("theirs", password="given")
    here.edit(auth={"users": [{"name": "a", "passwordFrom": {"secretName": "theirs"}}]})
    here.step(writes)
    here.settle()
    new, old = (line for line in parse(here.data("team-htpasswd", "htpasswd")) if line.user == "a")
    assert here.mint.verify("given", new.hash)
    assert old.expires is not None
