"""Secret NAME-config, and the configuration file in it, which wharf itself reads here."""

import dataclasses

import yaml

import wharf.config
from wharfinger.children.config import Contents, Endpoint, config, knows_robots
from wharfinger.children.config import wharf as file

HOOK = Endpoint(
    name="deploy",
    url="https://example.com/?a=b#c",
    events=("push", "delete"),
    repositories=("team-a/**",),
    tags=("v*",),
    format="Distribution",
    headers={"Authorization": "Bearer 'quoted' \"text\": {{ x }} \u2028 \U0001f984 # no comment"},
    signing=[{"secret": "whsec_a"}, {"secret": "whsec_b", "until": "2027-01-31T12:00:00Z"}],
    ca="-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n",
    client_certificate="-----BEGIN CERTIFICATE-----\ndef\n-----END CERTIFICATE-----\n",
    client_key="-----BEGIN KEY-----\nghi\n-----END KEY-----\n",
    timeout=10.0,
    connect_timeout=5.0,
    max_age=86400.0,
    max_attempts=3,
    min_backoff=1e-07,
    max_backoff=300.0,
    rate=5.0,
    dead_letters=100,
    replay="after the 'fire'",
    suspended=False,
)
RULE = {"repositories": ["**"], "users": ["ci"], "groups": [], "anonymous": True, "actions": ["pull"]}

PAIR = {"certificate": "/etc/wharf/tls.crt", "key": "/etc/wharf/tls.key"}


def render(**changes):
    values = {
        "url": "https://team.ci.svc",
        "auth": {"groups": {}, "robots": {}},
        "storage": {"readOnlyAbove": 95},
        "tls": PAIR,
        "access": None,
        "webhooks": (),
        "settings": {},
    }
    return file(Contents(**(values | changes)))


def test_the_secret_is_as_written_down(owner, golden):
    golden("config", config(owner, text=render(), admin_token="token"))


def test_the_smallest_file_is_what_wharf_reads():
    read = wharf.config.parse(render())
    assert read.tls is not None
    assert (read.tls.certificate, read.tls.key) == ("/etc/wharf/tls.crt", "/etc/wharf/tls.key")
    assert read.auth is not None
    assert read.auth.htpasswd == "/etc/wharf/htpasswd"
    assert (read.address, read.admin_address) == ("0.0.0.0:5000", "0.0.0.0:5001")
    assert read.admin_token_file == "/etc/wharf/admin-token"
    assert read.access is None
    assert read.webhooks in ([], ())


def test_without_tls_the_file_names_no_certificate():
    assert wharf.config.parse(render(tls=None)).tls is None


def test_an_empty_list_of_rules_denies_everything_and_stays_one():
    assert list(wharf.config.parse(render(access=[])).access or ()) == []
    assert wharf.config.parse(render(access=[])).access is not None


def test_rules_and_groups_arrive():
    robots = {"_pull": {"repositories": ["**"], "actions": ["pull"]}}
    read = wharf.config.parse(render(access=[RULE], auth={"groups": {"builders": ["ci", "a"]}, "robots": robots}))
    assert read.access is not None
    assert list(read.access[0].repositories) == ["**"]
    assert read.access[0].anonymous
    assert read.auth is not None
    assert list(read.auth.groups["builders"]) == ["ci", "a"]
    assert (read.auth.robots["_pull"].repositories, read.auth.robots["_pull"].actions) == (["**"], ["pull"])


def test_a_file_of_before_there_were_robots_is_told_from_one_that_knows_them():
    text = render()
    assert knows_robots(text)
    assert not knows_robots("".join(line for line in text.splitlines(keepends=True) if "robots" not in line))


def test_a_webhook_arrives_unharmed_whatever_its_values():
    (hook,) = wharf.config.parse(render(webhooks=[HOOK])).webhooks
    for field in dataclasses.fields(Endpoint):
        sent, read = getattr(HOOK, field.name), getattr(hook, field.name)
        if field.name == "signing":
            read = [{"secret": each.secret} | ({"until": each.until} if each.until else {}) for each in read]
        assert read == (list(sent) if isinstance(read, list) else sent), field.name


def test_what_a_webhook_is_without_being_told_is_the_same_here_and_in_wharf():
    (hook,) = wharf.config.parse(render(webhooks=[Endpoint(name="a", url="https://b")])).webhooks
    for field in dataclasses.fields(Endpoint):
        ours, wharfs = getattr(Endpoint(name="a", url="https://b"), field.name), getattr(hook, field.name)
        assert wharfs == (list(ours) if isinstance(wharfs, list) else ours), field.name


def test_an_image_of_the_first_release_is_told_nothing_that_it_does_not_know_unless_a_spec_asks_for_it():
    written = yaml.safe_load(render(webhooks=[Endpoint(name="a", url="https://b")]))
    reason = (
        "images of earlier releases refuse the file: write it only where a spec asks for other than wharf's default"
    )
    assert set(written) == {
        "address", "adminAddress", "adminTokenFile", "data", "storage", "url", "tls", "auth", "webhooks"
    }, reason  # fmt: skip
    assert set(written["storage"]) == {"readOnlyAbove"}, reason
    assert set(written["auth"]) == {"htpasswd", "groups", "robots"}, reason
    assert set(written["webhooks"][0]) == {"name", "url"}, reason


def test_where_endpoints_may_be_arrives():
    assert wharf.config.parse(render()).webhook_networks.private == "Allow"
    read = wharf.config.parse(
        render(settings={"webhookNetworks": {"private": "Refuse", "allow": ["10.1.0.0/16"]}})
    ).webhook_networks
    assert (read.private, list(read.allow)) == ("Refuse", ["10.1.0.0/16"])


def test_an_endpoint_is_not_shown_with_its_secrets():
    assert not [text for text in ("whsec_", "ghi", "Bearer") if text in repr(HOOK)]


def test_the_same_values_give_the_same_bytes():
    assert render(webhooks=[HOOK], access=[RULE]) == render(webhooks=[HOOK], access=[RULE])
