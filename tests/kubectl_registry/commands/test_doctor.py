"""`doctor`: each of the seven ills is found on a real registry behind a small API server, with how to mend it."""

import io
import json
from pathlib import Path

import pytest
from tests.kubectl_registry.conftest import Command, FakeCluster, Object, Run, registry
from tests.kubectl_registry.doctor.conftest import Running, authority, issue, shows
from tests.kubectl_registry.doctor.test_gather import INSIDE, populate, secret

from kubectl_registry.kube.kinds import CONFIG_MAP, NETWORK_POLICY, SECRET


@pytest.fixture(autouse=True)
def ill(cluster: FakeCluster, wharf: Running, team: Object) -> None:
    populate(cluster, wharf)
    cluster.refuse["list", "deployments"] = 403, "cannot"  # as for most users


def broken(plugin: Run, *arguments: str) -> dict[str, Object]:
    """What the doctor calls broken, by check."""
    code, out, _ = plugin("doctor", "team", "-o", "json", *arguments)
    ((told),) = json.loads(out)
    found = {each["check"]: each for each in told["findings"] if each["verdict"] == "broken"}
    assert code == int(bool(found))
    assert all(each["mend"] and each["meaning"] for each in found.values())
    return found


def test_nothing_is_broken_on_a_registry_that_is_well(plugin: Run) -> None:
    assert broken(plugin) == {}
    code, out, _ = plugin("doctor", "team", "--write")
    assert code == 0
    assert out.splitlines()[-1] == "Nothing is broken."
    assert "kubectl-registry/probe:doctor can be pushed and pulled" in out


def test_wrong_dns_is_found(plugin: Run) -> None:
    found = broken(plugin, "--host", "registry.invalid")
    assert list(found) == ["name"]
    assert "registry.invalid cannot be resolved" in found["name"]["message"]
    assert "correct the DNS record" in found["name"]["mend"][0]


def test_a_name_that_leads_to_another_server_is_found(plugin: Run, wharf: Running, tmp_path: Path) -> None:
    with shows(issue(authority("another"), tmp_path, ["localhost"])) as port:
        found = broken(plugin, "--host", f"localhost:{port}")
    assert next(iter(found)) == "name"
    assert "a server with another certificate answers" in found["name"]["message"]


def test_wrong_dns_in_the_cluster_is_found(plugin: Run, cluster: FakeCluster) -> None:
    cluster.execute = lambda _: Command(json.dumps(INSIDE | {"names": {"team.ci.svc": ["10.9.9.9"]}}))
    found = broken(plugin)
    assert list(found) == ["name in the cluster"]
    assert "its Service is 10.0.0.5" in found["name in the cluster"]["message"]


def test_an_untrusted_ca_is_found(plugin: Run, cluster: FakeCluster) -> None:
    other = {"metadata": {"name": "team-ca", "namespace": "ci"}, "data": {"ca.crt": authority("another").pem}}
    cluster.add(CONFIG_MAP, other)
    found = broken(plugin)
    assert list(found) == ["certificate"]
    assert "is not signed by the CA in ConfigMap team-ca" in found["certificate"]["message"]


def test_a_client_here_without_the_ca_is_found(plugin: Run, wharf: Running) -> None:
    found = broken(plugin, "--host", f"localhost:{wharf.port}")
    assert list(found) == ["trust on this machine"]
    assert f"--host localhost:{wharf.port} --trust" in found["trust on this machine"]["mend"][0]


def test_a_client_here_with_an_old_ca_is_found(plugin: Run, wharf: Running, tmp_path: Path) -> None:
    host = f"localhost:{wharf.port}"
    file = tmp_path / ".config/containers/certs.d" / host / "ca.crt"
    file.parent.mkdir(parents=True)
    file.write_text(authority("an old one").pem)
    assert "holds another CA" in broken(plugin, "--host", host)["trust on this machine"]["message"]
    file.write_text(wharf.ca.pem)
    assert broken(plugin, "--host", host) == {}


def test_an_expired_certificate_is_found(plugin: Run, cluster: FakeCluster, wharf: Running, tmp_path: Path) -> None:
    with shows(issue(wharf.ca, tmp_path, ["team.ci.svc"], (-20, -2))) as port:
        cluster.forward = lambda _: port
        found = broken(plugin)
    assert "the certificate expired 2d ago" in found["certificate"]["message"]


def test_a_wrong_password_in_a_secret_is_found(plugin: Run, cluster: FakeCluster) -> None:
    cluster.add(SECRET, secret("team-user-admin", password="somebody changed it"))
    found = broken(plugin)
    assert list(found) == ["login"]
    assert "not the one that the registry knows" in found["login"]["message"]
    assert "kubectl registry rotate team -n ci --user admin" in found["login"]["mend"][0]


def test_a_wrong_password_of_a_client_is_found(plugin: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("the old one\n"))
    found = broken(plugin, "--user", "admin")
    assert "it was replaced, and its time is over" in found["login"]["message"]
    assert "kubectl registry login team -n ci --user admin" in found["login"]["mend"][0]


def test_a_full_disk_is_found(plugin: Run, cluster: FakeCluster) -> None:
    cluster.execute = lambda _: Command(json.dumps(INSIDE | {"free": 0}))
    found = broken(plugin)
    assert list(found) == ["storage"]
    assert "kubectl registry gc team -n ci --dry-run" in found["storage"]["mend"][0]


def test_a_dead_pod_is_found(plugin: Run, cluster: FakeCluster) -> None:
    state = {"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "lastState": {"terminated": {"exitCode": 1}}}
    cluster.objects["pods", "ci", "team-1"]["status"] = {"phase": "Pending", "containerStatuses": [state]}
    found = broken(plugin)
    assert next(iter(found)) == "pod"
    assert "CrashLoopBackOff" in found["pod"]["message"]


def test_a_network_policy_in_the_way_is_found(plugin: Run, cluster: FakeCluster) -> None:
    deny = {"metadata": {"name": "deny", "namespace": "ci"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}
    cluster.add(NETWORK_POLICY, deny)
    found = broken(plugin)
    assert list(found) == ["network policy"]
    assert "deny lets nobody to port 5000" in found["network policy"]["message"]


def test_a_cluster_that_cannot_be_reached_is_a_finding(plugin: Run, cluster: FakeCluster, kubeconfig: Path) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace(str(cluster.port), "1"))
    code, out, _ = plugin("doctor", "team")
    assert code == 4
    assert "✗ cluster: the API server" in out


def test_a_cluster_without_a_registry_or_without_the_crds_is_a_finding(plugin: Run, cluster: FakeCluster) -> None:
    code, out, _ = plugin("doctor", "-n", "empty")
    assert code == 3
    assert "there is no Registry here" in out
    cluster.installed = False
    code, out, _ = plugin("doctor", "-o", "json")
    assert code == 3
    assert "install Wharfinger" in json.loads(out)[0]["findings"][0]["message"]


def test_all_of_a_namespace_are_examined(plugin: Run, cluster: FakeCluster) -> None:
    cluster.objects["registries", "ci", "tools"] = registry("tools")
    _, out, _ = plugin("doctor")
    assert "ci/team\n" in out
    assert "ci/tools\n" in out
    assert "Broken: " in out


@pytest.mark.parametrize(
    "arguments", [["team", "--host", "https://x"], ["--host", "x"], ["--user", "x"], ["team", "--ca", "/nowhere"]]
)
def test_options_that_make_no_sense_are_refused(plugin: Run, arguments: list[str]) -> None:
    assert plugin("doctor", *arguments)[0] == 2
