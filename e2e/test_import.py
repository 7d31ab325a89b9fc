"""Moving from Distribution: what a real registry:2 has stored is served here, byte for byte, and nothing is pushed."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from e2e.distribution import distribution, distribution_program, serving
from e2e.sample import ensure_clients, sample_image

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
ACCEPT = (
    f"{OCI_INDEX}, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)


def ask(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[bytes, str]:
    """The body of an answer, and the digest that it names."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, sent, method=method)  # noqa: S310 - an address on loopback
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return answer.read(), answer.headers.get("Docker-Content-Digest", "")


def skopeo(*arguments: str) -> None:
    subprocess.run(["skopeo", "--insecure-policy", *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("import")


@pytest.fixture(scope="module")
def stored(work: Path) -> dict[str, bytes]:
    """Fills the volume of a real registry; what it served, by path."""
    ensure_clients()
    archive = sample_image(work / "sample.tar")
    served: dict[str, bytes] = {}
    with distribution(distribution_program(work / "debian"), work / "volume") as host:
        for name, form in (("team/app:docker", "v2s2"), ("team/app:oci", "oci"), ("library/hello:1", "oci")):
            target = f"docker://{host}/{name}"
            skopeo("copy", "-q", "--dest-tls-verify=false", "-f", form, f"docker-archive:{archive}", target)
        url = f"http://{host}/v2/team/app/manifests"
        content, digest = ask("GET", f"{url}/oci", Accept=ACCEPT)
        child = {"mediaType": json.loads(content)["mediaType"], "digest": digest, "size": len(content)}
        index = json.dumps({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]}).encode()
        ask("PUT", f"{url}/all", index, Content_Type=OCI_INDEX)
        _, gone = ask("GET", f"{url}/docker", Accept=ACCEPT)
        for tag in ("oci", "all"):
            served[f"team/app/manifests/{tag}"] = ask("GET", f"{url}/{tag}", Accept=ACCEPT)[0]
        served[f"team/app/manifests/{digest}"] = content
        served["library/hello/manifests/1"] = ask("GET", f"http://{host}/v2/library/hello/manifests/1", Accept=ACCEPT)[
            0
        ]
        for layer in json.loads(content)["layers"]:
            path = f"team/app/blobs/{layer['digest']}"
            served[path] = ask("GET", f"http://{host}/v2/{path}")[0]
        ask("DELETE", f"{url}/{gone}")
    return served


def wharf(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "wharf", *arguments], capture_output=True, text=True, check=False)


def test_what_a_real_registry_has_stored_is_served_here(work: Path, stored: dict[str, bytes]) -> None:
    data = work / "data"
    imported = wharf("import-distribution", str(work / "volume"), "--data", str(data))
    assert imported.returncode == 0, imported
    assert imported.stderr.startswith("imported 2 repositories: 3 manifests, 3 tags"), imported.stderr
    verified = wharf("verify", "--data", str(data))
    assert (verified.returncode, verified.stdout) == (0, ""), verified
    with socket.create_server(("127.0.0.1", 0)) as free:
        host = f"127.0.0.1:{free.getsockname()[1]}"
    serve = [sys.executable, "-m", "wharf", "serve", "--address", host, "--data", str(data)]
    with serving(serve, f"http://{host}/v2/"):
        for path, content in stored.items():
            found, _ = ask("GET", f"http://{host}/v2/{path}", Accept=ACCEPT)
            assert hashlib.sha256(found).digest() == hashlib.sha256(content).digest(), path
        skopeo("copy", "-q", "--src-tls-verify=false", f"docker://{host}/library/hello:1", f"dir:{work / 'pulled'}")
        tags = json.loads(ask("GET", f"http://{host}/v2/team/app/tags/list")[0])["tags"]
        assert tags == ["all", "oci"]  # the other was deleted there
    again = wharf("import-distribution", str(work / "volume"), "--data", str(data))
    assert again.returncode == 0
    assert ": 0 manifests, 0 tags, 0 blobs" in again.stderr


def test_content_is_not_stored_twice(work: Path, stored: dict[str, bytes]) -> None:
    del stored
    files = [path for path in (work / "data" / "blobs" / "sha256").rglob("*") if path.is_file()]
    assert files
    assert all(path.stat().st_nlink == 2 for path in files)  # one file system, one owner: linked
