"""What people push and pull with, over TLS with a password, whichever challenge the registry gives.

Needs no cluster. docker, podman and the kubelet against a registry in a cluster: test_push_and_pull.py.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.clients import Login, Podman, Skopeo, docker_engine
from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.debian import ensure_packages
from e2e.containerd import SNAPSHOTTER, containerd
from e2e.kubectl import CommandError, run
from e2e.loopback import serve
from e2e.programs import program
from e2e.sample import REFERENCE
from wharf.blobs import direct

pytestmark = pytest.mark.programs("crane", "oras", "regctl", "helm", "cosign", "containerd", "ctr")

Program = Callable[..., str]


@pytest.fixture(scope="module", params=["Basic", "Bearer"])
def at(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    """A registry with each challenge, and how to log in."""
    directory = tmp_path_factory.mktemp("registry")
    auth = {"htpasswd": str(directory / "htpasswd"), "tokens": {"challenge": request.param}}
    with serve(directory, auth=auth) as login:
        yield login


@pytest.fixture
def client(at: Login, tmp_path: Path) -> Program:
    """Runs a Go client that trusts the registry's CA and keeps its credentials in this test's directory."""
    (tmp_path / "ca.pem").write_text(at.ca)
    homes = {
        "HOME": "home",
        "DOCKER_CONFIG": "docker",
        "REGCTL_CONFIG": "regctl.json",
        "HELM_REGISTRY_CONFIG": "helm.json",
    }
    places = {name: str(tmp_path / place) for name, place in homes.items()}
    environment = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "ca.pem"), "COSIGN_PASSWORD": "of the key", **places}

    def call(name: str, *arguments: str, stdin: str = "") -> str:
        return run([str(program(name)), *arguments], stdin=stdin, env=environment)

    return call


def test_skopeo_pushes_inspects_pulls_and_deletes(at: Login, image: str, tmp_path: Path) -> None:
    skopeo = Skopeo(at, tmp_path / "skopeo")
    skopeo.login()
    digest = skopeo.push(image, "skopeo/hello:1")
    assert skopeo.push(image, "skopeo/again:1") == digest
    assert skopeo.tags("skopeo/hello") == ["1"]
    skopeo.pull("skopeo/hello:1", f"dir:{tmp_path}/pulled")
    assert "sha256:" + hashlib.sha256((tmp_path / "pulled" / "manifest.json").read_bytes()).hexdigest() == digest
    skopeo.delete("skopeo/hello:1")
    with pytest.raises(CommandError, match="unknown"):
        skopeo.pull("skopeo/hello:1", f"dir:{tmp_path}/gone")


def test_skopeo_is_refused_without_a_password_and_with_a_wrong_one(at: Login, image: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"(?i)unauthorized|authentication required"):
        Skopeo(at, tmp_path / "nobody").push(image, "skopeo/no:1")
    wrong = Login(at.host, at.ca, at.user, "wrong")
    with pytest.raises(CommandError, match=r"(?i)invalid username/password|unauthorized"):
        Skopeo(wrong, tmp_path / "wrong").login()


def test_podman_pushes_and_pulls(at: Login, archive: Path, short_path: Path) -> None:
    podman = Podman(at, short_path)
    podman.login()
    podman("load", "-i", str(archive))
    target = f"{at.host}/podman/hello:1"
    podman("tag", REFERENCE, target)
    podman("push", *podman.trust, target)
    podman("rmi", "--all", "--force")
    podman("pull", "--quiet", *podman.trust, target)
    assert "podman/hello" in podman("images", "--format", "{{.Repository}}")


def test_buildah_pushes_what_it_builds(at: Login, short_path: Path) -> None:
    ensure_packages({"buildah": "buildah"})
    podman = Podman(at, short_path)
    podman.login()
    base = ["buildah", "--root", str(short_path / "b"), "--runroot", str(short_path / "r"), "--storage-driver", "vfs"]
    (short_path / "file").write_text("built")
    (short_path / "Containerfile").write_text("FROM scratch\nCOPY file /file\n")
    target = f"{at.host}/buildah/made:1"
    run([*base, "bud", "--isolation", "chroot", "-q", "-t", target, str(short_path)])
    run([*base, "push", "-q", *podman.trust, target])
    run([*base, "rmi", "--all", "--force"])
    run([*base, "pull", "-q", *podman.trust, target])
    assert "buildah/made" in run([*base, "images"])


def test_docker_pushes_and_pulls(at: Login, archive: Path, short_path: Path) -> None:
    with docker_engine(short_path / "engine", at) as environment:

        def docker(*arguments: str, stdin: str = "") -> str:
            return run(["docker", *arguments], stdin=stdin, env=environment)

        docker("login", "-u", at.user, "--password-stdin", at.host, stdin=at.password)
        docker("load", "-i", str(archive))
        target = f"{at.host}/docker/hello:1"
        docker("tag", REFERENCE, target)
        docker("push", target)
        docker("rmi", "--force", target, REFERENCE)
        docker("pull", target)
        docker("tag", target, f"{at.host}/docker/mounted:1")
        assert "Mounted from docker/hello" in docker("push", f"{at.host}/docker/mounted:1")


def test_docker_and_podman_push_a_layer_that_goes_past_the_page_cache(at: Login, short_path: Path) -> None:
    """docker announces no length, so a layer proves large while it comes; what cannot be compressed stays large."""
    (short_path / "bytes").write_bytes(os.urandom(direct.LEAST + (32 << 20) + 1))
    archive, name = short_path / "large.tar", "docker.io/library/large:1"
    write_archive(ScratchImage(name, {"/bytes": short_path / "bytes"}, command=("/bytes",)), archive)
    skopeo, podman = Skopeo(at, short_path / "skopeo"), Podman(at, short_path)
    skopeo.login()
    with docker_engine(short_path / "engine", at) as environment:
        run(["docker", "login", "-u", at.user, "--password-stdin", at.host], stdin=at.password, env=environment)
        run(["docker", "load", "-i", str(archive)], env=environment)
        run(["docker", "tag", name, f"{at.host}/docker/large:1"], env=environment)
        run(["docker", "push", f"{at.host}/docker/large:1"], env=environment)
    podman.login()
    podman("load", "-i", str(archive))
    podman("push", *podman.trust, name, f"{at.host}/podman/large:1")
    for repository in ("docker/large:1", "podman/large:1"):  # skopeo hashes what it pulls
        skopeo.pull(repository, f"dir:{short_path}/{repository.partition('/')[0]}")


def test_ctr_pushes_and_pulls(at: Login, archive: Path, short_path: Path) -> None:
    target = f"{at.host}/ctr/hello:1"
    with containerd(short_path / "right", at) as ctr:
        ctr("images", "import", "--no-unpack", str(archive))
        ctr("images", "push", target, REFERENCE, login=True)
        ctr("images", "rm", "--sync", REFERENCE)
        ctr("images", "pull", "--snapshotter", SNAPSHOTTER, target, login=True)
        assert ctr("images", "ls", "-q").split() == [target]
        with pytest.raises(CommandError, match=r"(?i)unauthorized|authorization failed"):
            ctr("images", "pull", target)
    with (
        containerd(short_path / "wrong", Login(at.host, at.ca, at.user, "wrong")) as ctr,
        pytest.raises(CommandError, match=r"(?i)unauthorized|authorization failed"),
    ):
        ctr("images", "pull", "--snapshotter", SNAPSHOTTER, target, login=True)


def test_crane_copies_lists_and_deletes(at: Login, client: Program, archive: Path, tmp_path: Path) -> None:
    client("crane", "auth", "login", at.host, "-u", at.user, "--password-stdin", stdin=at.password)
    client("crane", "push", str(archive), f"{at.host}/crane/hello:1")
    client("crane", "copy", f"{at.host}/crane/hello:1", f"{at.host}/crane/copy:2")
    digest = client("crane", "digest", f"{at.host}/crane/hello:1")
    assert client("crane", "digest", f"{at.host}/crane/copy:2") == digest
    client("crane", "tag", f"{at.host}/crane/copy:2", "3")
    assert client("crane", "ls", f"{at.host}/crane/copy").split() == ["2", "3"]
    assert {"crane/hello", "crane/copy"} <= set(client("crane", "catalog", at.host).split())
    client("crane", "pull", f"{at.host}/crane/copy:3", str(tmp_path / "pulled.tar"))
    client("crane", "validate", "--remote", f"{at.host}/crane/copy:3")
    client("crane", "delete", f"{at.host}/crane/copy@{digest.strip()}")
    with pytest.raises(CommandError, match="MANIFEST_UNKNOWN"):
        client("crane", "manifest", f"{at.host}/crane/copy:3")


def test_oras_pushes_artifacts_attaches_to_them_and_finds_what_is_attached(
    at: Login, client: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    host = at.host.replace("localhost", "127.0.0.1")  # oras takes localhost for a registry without TLS
    Path("report.txt").write_text("all is well")
    Path("sbom.json").write_text("{}")
    client("oras", "login", host, "-u", at.user, "--password-stdin", stdin=at.password)
    subject = f"{host}/oras/report:1"
    client("oras", "push", subject, "--artifact-type", "application/vnd.example.report", "report.txt:text/plain")
    client("oras", "attach", subject, "--artifact-type", "application/vnd.example.sbom", "sbom.json:application/json")
    client("oras", "attach", subject, "--artifact-type", "application/vnd.example.other", "sbom.json:application/json")
    found = json.loads(client("oras", "discover", subject, "--format", "json"))
    kinds = sorted(one["artifactType"] for one in found["referrers"])
    assert kinds == ["application/vnd.example.other", "application/vnd.example.sbom"]
    filtered = json.loads(
        client("oras", "discover", subject, "--artifact-type", "application/vnd.example.sbom", "--format", "json")
    )
    assert len(filtered["referrers"]) == 1
    client("oras", "copy", "-r", subject, f"{host}/oras/copy:1")
    client("oras", "pull", f"{host}/oras/copy:1", "-o", "pulled")
    assert Path("pulled/report.txt").read_text() == "all is well"
    assert client("oras", "repo", "tags", f"{host}/oras/copy").split() == ["1"]


def test_regctl_copies_images_and_makes_indexes(at: Login, client: Program, archive: Path) -> None:
    client("regctl", "registry", "login", at.host, "-u", at.user, "--pass-stdin", stdin=at.password)
    first, second = f"{at.host}/regctl/hello:1", f"{at.host}/regctl/copy:1"
    client("regctl", "image", "import", first, str(archive))
    client("regctl", "image", "copy", first, second)
    assert client("regctl", "image", "digest", first) == client("regctl", "image", "digest", second)
    client("regctl", "index", "create", f"{at.host}/regctl/index:1", "--ref", first)
    client(
        "regctl", "artifact", "put", "--subject", second, "--artifact-type", "application/vnd.example", stdin="hello"
    )
    assert "application/vnd.example" in client("regctl", "artifact", "list", second)
    assert client("regctl", "tag", "ls", f"{at.host}/regctl/index").split() == ["1"]
    client("regctl", "tag", "delete", f"{at.host}/regctl/index:1")
    assert {"regctl/copy", "regctl/hello"} <= set(client("regctl", "repo", "ls", at.host).split())


def test_helm_keeps_charts(at: Login, client: Program, tmp_path: Path) -> None:
    chart = tmp_path / "demo"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: demo\nversion: 1.2.3\ndescription: a chart\n")
    client("helm", "registry", "login", at.host, "-u", at.user, "--password-stdin", stdin=at.password)
    client("helm", "package", str(chart), "-d", str(tmp_path))
    client("helm", "push", str(tmp_path / "demo-1.2.3.tgz"), f"oci://{at.host}/charts")
    assert "version: 1.2.3" in client("helm", "show", "chart", f"oci://{at.host}/charts/demo", "--version", "1.2.3")
    (tmp_path / "pulled").mkdir()
    client("helm", "pull", f"oci://{at.host}/charts/demo", "--version", "1.2.3", "-d", str(tmp_path / "pulled"))
    assert (tmp_path / "pulled" / "demo-1.2.3.tgz").read_bytes() == (tmp_path / "demo-1.2.3.tgz").read_bytes()


def test_cosign_signs_and_verifies_with_keys_on_disk(
    at: Login, client: Program, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    client("crane", "auth", "login", at.host, "-u", at.user, "--password-stdin", stdin=at.password)
    client("crane", "push", str(archive), f"{at.host}/cosign/hello:1")
    digest = client("crane", "digest", f"{at.host}/cosign/hello:1").strip()
    image = f"{at.host}/cosign/hello@{digest}"
    for name in ("ours", "other"):
        client("cosign", "generate-key-pair", "--output-key-prefix", name)
    offline = ("--tlog-upload=false", "--use-signing-config=false")
    client("cosign", "sign", "--yes", "--key", "ours.key", *offline, image)
    verified = json.loads(client("cosign", "verify", "--key", "ours.pub", "--insecure-ignore-tlog=true", image))
    assert verified[0]["critical"]["image"]["docker-manifest-digest"] == digest
    with pytest.raises(CommandError):
        client("cosign", "verify", "--key", "other.pub", "--insecure-ignore-tlog=true", image)
