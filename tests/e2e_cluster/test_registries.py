"""containerd's word on a registry."""

import tomllib

from e2e.cluster.registries import hosts_toml


def test_pulls_go_to_the_registry_itself_and_trust_its_ca() -> None:
    parsed = tomllib.loads(hosts_toml("team.ci.svc:5000", "/certs/ca.crt"))
    assert parsed["server"] == "https://team.ci.svc:5000"
    assert parsed["host"]["https://team.ci.svc:5000"] == {"capabilities": ["pull", "resolve"], "ca": "/certs/ca.crt"}
