"""The configuration file that wharf gets, read by wharf itself."""

import base64

import pytest

import wharf.config
from wharfinger.children.owner import Owner
from wharfinger.decide import configuration

OWNER = Owner("team", "ci", "u")


def read(here):
    return wharf.config.parse(here.data("team-config", "config.yaml"))


def start(world, **spec):
    here = world(spec)
    here.settle()
    return here


def test_the_file_of_an_empty_spec_leaves_access_to_wharf_s_default(world):
    config = read(start(world))
    assert config.access is None
    assert config.url == "https://team.ci.svc"


def test_rules_and_groups_arrive(world):
    rules = [
        {"repositories": ["a/**"], "groups": ["g"], "actions": ["pull", "push"]},
        {"repositories": ["**"], "anonymous": True, "users": ["*"], "actions": ["pull"]},
    ]
    config = read(start(world, access=rules, auth={"users": [{"name": "b", "groups": ["g"]}, {"name": "a"}]}))
    assert config.access is not None
    assert [list(rule.repositories) for rule in config.access] == [["a/**"], ["**"]]
    assert list(config.access[1].users) == ["*"]
    assert config.auth is not None
    assert {group: list(users) for group, users in config.auth.groups.items()} == {"g": ["b"]}


def test_an_empty_list_of_rules_lets_nobody_in(world):
    assert list(read(start(world, access=[])).access or ["none"]) in ([], ["none"])
    assert read(start(world, access=[])).access is not None


@pytest.mark.parametrize("token", ["", "short", "x" * 40 + "\n", "é" * 40])
def test_a_token_is_made_once_and_again_only_when_it_is_unusable(world, token):
    here = start(world)
    before = here.data("team-config", "admin-token")
    here.now = here.now.replace(hour=13)
    here.settle()
    assert here.data("team-config", "admin-token") == before
    live = here.child("Secret", "team-config")
    here.put(live | {"data": live["data"] | {"admin-token": base64.b64encode(token.encode()).decode()}})
    here.settle()
    assert here.data("team-config", "admin-token") not in ("", token)


def test_a_change_of_configuration_touches_no_pod_template(world):
    here = start(world)
    here.edit(access=[], auth={"users": [{"name": "new"}]})
    kinds = {child["kind"] for plan in (here.step(), here.step(), here.step()) for child in plan.apply}
    assert kinds == {"Secret"}


@pytest.mark.parametrize(
    ("spec", "url"),
    [
        ({}, "https://team.ci.svc"),
        ({"service": {"port": 5000}}, "https://team.ci.svc:5000"),
        ({"tls": {"issuer": "Disabled"}}, "http://team.ci.svc"),
        ({"tls": {"issuer": "Disabled"}, "service": {"port": 443}}, "http://team.ci.svc:443"),
    ],
)
def test_the_url_has_a_port_only_where_it_needs_one(world, spec, url):
    assert configuration.url(world(spec).model, OWNER) == url


@pytest.mark.parametrize(
    ("spec", "some"),
    [
        ({}, {"team:443", "team.ci", "team.ci.svc", "team.ci.svc:443", "team.ci.svc.cluster.local"}),
        ({"tls": {"hosts": ["r.example.com"]}}, {"r.example.com", "r.example.com:443"}),
        ({"service": {"port": 5000}}, {"team:5000", "team.ci.svc:5000"}),
        (
            {"tls": {"hosts": ["r.example.com"]}, "service": {"type": "NodePort", "nodePort": 30443}},
            {"r.example.com:30443"},
        ),
    ],
)
def test_the_pull_secret_knows_every_name_that_an_image_can_have(world, spec, some):
    servers = configuration.servers(world(spec).model, OWNER, "cluster.local")
    assert some <= set(servers)
    assert "team" not in servers  # an image reference would take it for a folder
    assert list(servers) == sorted(servers)


def test_with_another_port_there_is_no_name_without_it(world):
    servers = configuration.servers(world({"service": {"port": 5000}}).model, OWNER, "cluster.local")
    assert all(server.endswith(":5000") for server in servers)
