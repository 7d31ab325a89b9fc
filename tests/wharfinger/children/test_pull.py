"""Secret NAME-pull."""

import json

from wharfinger.children.owner import decoded
from wharfinger.children.pull import pull


def test_it_is_as_written_down(owner, golden):
    golden("pull", pull(owner, servers=["team.ci.svc", "team:443"], user="ci", password="secret"))


def test_every_server_has_the_same_login(owner):
    made = pull(owner, servers=["team.ci.svc", "team:443"], user="ci", password="secret")
    document = json.loads(decoded(made, ".dockerconfigjson") or b"")
    login = {"username": "ci", "password": "secret", "auth": "Y2k6c2VjcmV0"}
    assert document == {"auths": {"team.ci.svc": login, "team:443": login}}
