"""How the kind provider drives docker, kind and kubectl."""

from pathlib import Path

import pytest
import yaml
from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.errors import UnusableMachineError
from e2e.cluster.kind.provider import KindCluster, dockerfile_base
from e2e.cluster.settings import REPOSITORY, Settings
from tests.e2e_cluster.conftest import Programs

# A docker whose node exists once kind has made it, and whose kubectl says that the node is ready.
DOCKER = """
words = sys.argv[1:]
node = here / "node"
if words[0] == "version": print("29.0")
elif words[0] == "info": print("1")
elif words[:2] == ["container", "inspect"]:
    if not node.exists(): sys.exit("no such container")
    answers = {"State": node.read_text(), "IPAddress": "172.18.0.2 ", "Gateway": "172.18.0.1 "}
    print(next((answer for sign, answer in answers.items() if sign in words[-2]), "[]"))
elif words[0] == "start": node.write_text("true")
elif words[0] == "cp":
    kubectl = pathlib.Path(words[2])
    kubectl.write_text("#!/bin/sh\\nprintf True\\n")
    kubectl.chmod(0o755)
elif words[0] == "exec" and "readlink" in words[-1]: print("/usr/bin/kubectl")
elif words[0] == "exec" and words[-2:] == ["cat", "/etc/hosts"]: print("127.0.0.1 localhost")
elif words[0] == "exec" and "tee" in words: (here / words[-1].replace("/", "_")).write_text(stdin)
"""
KIND = """
words = sys.argv[1:]
if words[0] == "create":
    (here / "node").write_text("true")
    pathlib.Path(words[words.index("--kubeconfig") + 1]).touch()
elif words[0] == "delete": (here / "node").unlink()
"""


@pytest.fixture
def cluster(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KindCluster:
    for variable in ("KIND_NODE_IMAGE", "KIND_CONFIG"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr("e2e.cluster.kind.provider.HOSTS_CACHE_SECONDS", 0)
    programs.add("docker", DOCKER, reads=True)
    programs.add("kind", KIND)
    return KindCluster(Settings.read({"XDG_CACHE_HOME": str(tmp_path / "cache"), "WHARFINGER_CLUSTER": "one"}))


def creations(programs: Programs) -> list[str]:
    return [call for call in programs.calls() if call.startswith("kind create")]


def test_up_creates_a_cluster_once(cluster: KindCluster, programs: Programs) -> None:
    cluster.up()
    cluster.up()
    assert len(creations(programs)) == 1
    assert creations(programs)[0].endswith("--name one")
    assert "--image" not in creations(programs)[0]
    assert cluster.status() == []


def test_node_image_and_configuration_come_from_the_environment(
    cluster: KindCluster, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "extra.yaml").write_text("networking: {ipFamily: ipv4}\n")
    monkeypatch.setenv("KIND_NODE_IMAGE", "my/node:1")
    monkeypatch.setenv("KIND_CONFIG", str(tmp_path / "extra.yaml"))
    cluster.up()
    assert "--image my/node:1" in creations(programs)[0]
    configuration = yaml.safe_load((cluster.settings.run_directory / "kind.yaml").read_text())
    assert configuration["networking"] == {"ipFamily": "ipv4"}
    assert "failCgroupV1: false" in configuration["kubeadmConfigPatches"][0]


def test_a_stopped_node_is_started_again(cluster: KindCluster, programs: Programs) -> None:
    cluster.up()
    (programs.directory / "node").write_text("false")
    assert cluster.status() == ["kind cluster one is not up; `python -m e2e.cluster up` brings it up"]
    cluster.up()
    assert "docker start one-control-plane" in programs.calls()
    assert len(creations(programs)) == 1


def test_down_deletes_by_name_and_keeps_nothing(cluster: KindCluster, programs: Programs) -> None:
    cluster.up()
    cluster.down()
    assert any(call.startswith("kind delete cluster") and call.endswith("--name one") for call in programs.calls())
    assert not cluster.settings.run_directory.exists()


def test_an_image_is_loaded_again_only_when_it_has_changed(
    cluster: KindCluster, programs: Programs, tmp_path: Path
) -> None:
    cluster.up()
    for text in ("1", "1", "2"):
        write_archive(ScratchImage("a/b:1", {"/x": text}), tmp_path / "x.tar")
        cluster.load_image(tmp_path / "x.tar")
    loads = [call for call in programs.calls() if call.startswith("kind load")]
    assert loads == [f"kind load image-archive {tmp_path}/x.tar --name one"] * 2


def test_a_registry_is_trusted_in_the_node_by_name_and_address(cluster: KindCluster, programs: Programs) -> None:
    cluster.up()
    cluster.trust_registry("team.ci.svc", "PEM", "10.96.1.2")
    directory = "_etc_containerd_certs.d_team.ci.svc"
    assert (programs.directory / f"{directory}_ca.crt").read_text() == "PEM"
    assert "/etc/containerd/certs.d/team.ci.svc/ca.crt" in (programs.directory / f"{directory}_hosts.toml").read_text()
    assert (programs.directory / "_etc_hosts").read_text().endswith("10.96.1.2 team.ci.svc\n")


def test_addresses_are_those_of_dockers_network(cluster: KindCluster) -> None:
    cluster.up()
    assert (cluster.node_address(), cluster.host_address()) == ("172.18.0.2", "172.18.0.1")


def test_without_an_engine_the_remedy_is_named(cluster: KindCluster, programs: Programs) -> None:
    programs.add("docker", "sys.exit('Cannot connect to the Docker daemon')")
    with pytest.raises(UnusableMachineError, match="start one, or use CLUSTER=local"):
        cluster.up()


def test_a_node_image_that_cannot_be_pulled_is_told_with_the_setting(cluster: KindCluster, programs: Programs) -> None:
    programs.add("kind", "sys.exit('ERROR: failed to create cluster: failed to pull image \"kindest/node\"')")
    with pytest.raises(UnusableMachineError, match="KIND_NODE_IMAGE"):
        cluster.up()
    assert cluster.settings.chosen_provider() == ""


def test_whatever_keeps_kind_from_making_a_cluster_is_shown(cluster: KindCluster, programs: Programs) -> None:
    programs.add("kind", "sys.exit('ERROR: could not find a log line that matches')")
    with pytest.raises(UnusableMachineError, match="could not find a log line"):
        cluster.up()


def test_the_default_base_is_the_dockerfiles() -> None:
    assert dockerfile_base("ARG BASE_IMAGE=docker.io/library/python:3.13\nFROM x\n") == "docker.io/library/python:3.13"
    both = {dockerfile_base((REPOSITORY / name / "Dockerfile").read_text()) for name in ("operator", "registry")}
    assert len(both) == 1
