"""What pods pull with: replaced only by what works."""

import base64
import json

import pytest

from wharfinger.children.docker import login
from wharfinger.decide.htpasswd import parse


def document(here, name="team-pull"):
    (entry,) = {
        (entry["username"], entry["password"])
        for entry in json.loads(here.data(name, ".dockerconfigjson"))["auths"].values()
    }
    return entry


def works(here, entry):
    user, password = entry
    return any(
        line.user == user and here.mint.verify(password, line.hash) and (not line.expires or line.expires > here.now)
        for line in parse(here.data("team-htpasswd", "htpasswd"))
    )


def test_both_secrets_log_in_as_robots(world):
    here = world()
    here.settle()
    assert document(here) == ("_pull", here.data("team-pull", "password"))
    assert document(here, "team-push") == ("_push", here.data("team-push", "password"))
    assert works(here, document(here))
    assert here.child("Secret", "team-pull")["type"] == "kubernetes.io/dockerconfigjson"


def test_every_name_of_the_registry_is_in_them(world):
    here = world({"tls": {"hosts": ["registry.example.com"]}})
    here.settle()
    servers = json.loads(here.data("team-pull", ".dockerconfigjson"))["auths"]
    assert {"team.ci.svc", "team.ci.svc:443", "registry.example.com"} < set(servers)


@pytest.mark.parametrize("overlap", ["0s", "24h"])
def test_a_rotation_shows_nobody_a_login_that_does_not_work(world, overlap):
    here = world({"auth": {"rotationOverlap": overlap}})
    here.settle()
    before = document(here)
    here.edit(pullSecrets={"rotation": "2"})
    for _ in range(8):
        here.step()
        assert works(here, document(here))
        here.run_pods()
    assert document(here) != before
    assert works(here, before) == (overlap != "0s")


def of_before(here):
    """Make team-pull what releases without robots made of it: the login of the first user."""
    old = login(["team.ci.svc"], "admin", here.data("team-user-admin", "password"))
    secret = here.child("Secret", "team-pull")
    here.put(secret | {"data": {".dockerconfigjson": base64.b64encode(old).decode()}})


def test_the_login_of_a_user_stays_until_the_robot_s_works(world):
    here = world()
    here.settle()
    of_before(here)
    for _ in range(3):
        here.step()  # no replica has loaded anything new
        assert document(here)[0] == "admin"
        assert works(here, document(here))
    here.settle()
    assert document(here)[0] == "_pull"
    assert works(here, document(here))


def test_a_registry_that_does_not_know_robots_yet_keeps_the_login_of_a_user(world):
    here = world()
    here.settle()
    of_before(here)
    text = here.data("team-config", "config.yaml")
    old = "".join(line for line in text.splitlines(keepends=True) if "robots" not in line)
    secret = here.child("Secret", "team-config")
    data = secret["data"] | {"config.yaml": base64.b64encode(old.encode()).decode()}
    here.put(secret | {"data": data})
    here.edit(paused=True)  # so the file stays as it is
    here.settle()
    assert document(here)[0] == "admin"
    here.edit(paused=False)
    here.settle()
    assert document(here)[0] == "_pull"


def test_a_secret_that_was_deleted_comes_back_with_a_login_that_soon_works(world):
    here = world()
    here.settle()
    old = document(here)
    here.remove("Secret", "team-pull")
    here.settle()
    assert works(here, document(here))
    assert works(here, old)


def test_a_spoilt_login_is_made_again(world):
    here = world()
    here.settle()
    good = document(here)
    secret = here.child("Secret", "team-pull")
    here.put(secret | {"data": secret["data"] | {".dockerconfigjson": base64.b64encode(b"{}").decode()}})
    here.step()
    assert document(here) == good
