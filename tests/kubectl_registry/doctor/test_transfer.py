"""A test push and a test pull, against a real registry."""

import json
from collections.abc import Mapping

import pytest
from tests.kubectl_registry.doctor.conftest import PASSWORD, Running
from tests.kubectl_registry.doctor.test_client import client

from kubectl_registry.doctor import transfer
from kubectl_registry.doctor.client import Answer, Client


def test_nothing_is_there_before_a_push(wharf: Running) -> None:
    assert transfer.pull(client(wharf.port, "admin", PASSWORD)).nothing


def test_what_is_pushed_is_pulled_and_deleted(wharf: Running) -> None:
    admin = client(wharf.port, "admin", PASSWORD)
    done = transfer.push(admin)
    assert done.error == ""
    assert done.what == "kubectl-registry/probe:doctor can be pushed and pulled"
    assert transfer.pull(admin).nothing


def test_a_pull_reads_a_manifest_and_a_blob(wharf: Running) -> None:
    admin = client(wharf.port, "admin", PASSWORD)
    octets = {"Content-Type": "application/octet-stream"}
    digest = transfer._digest(b"{}")
    admin.request("POST", f"/v2/apps/x/blobs/uploads/?digest={digest}", body=b"{}", headers=octets)
    descriptor = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": digest, "size": 2}
    manifest = json.dumps({"schemaVersion": 2, "mediaType": transfer._MANIFEST, "config": descriptor, "layers": []})
    kind = {"Content-Type": transfer._MANIFEST}
    assert admin.request("PUT", "/v2/apps/x/manifests/1", body=manifest.encode(), headers=kind).status == 201
    assert transfer.pull(admin) == transfer.Transfer("apps/x:1 can be pulled")
    assert admin.request("DELETE", f"/v2/apps/x/manifests/{transfer._digest(manifest.encode())}").status == 202


def test_who_may_not_is_told_by_the_registry(wharf: Running) -> None:
    done = transfer.push(client(wharf.port, "admin", "wrong"))
    assert done.status == 401
    assert transfer.pull(client(wharf.port, "admin", "wrong")).status == 401


class Lying(Client):
    """A registry whose manifest is not what its digest says, or that has no blob."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        self._answers = answers

    def get(self, path: str, **_: str) -> Answer:
        return next(answer for start, answer in self._answers.items() if path.startswith(start))


CATALOG = Answer(200, {}, b'{"repositories":["a"]}')
TAGS = Answer(200, {}, b'{"tags":["1"]}')
MANIFEST = b'{"config":{"digest":"sha256:00","size":1}}'


@pytest.mark.parametrize(
    ("digest", "blob", "told"),
    [
        ("sha256:11", 200, "is not what its digest"),
        (transfer._digest(MANIFEST), 404, "404"),
        (transfer._digest(MANIFEST), 206, ""),
    ],
)
def test_content_that_is_wrong_or_missing_is_told(digest: str, blob: int, told: str) -> None:
    registry = Lying(
        {
            "/v2/_catalog": CATALOG,
            "/v2/a/tags": TAGS,
            "/v2/a/manifests": Answer(200, {"docker-content-digest": digest}, MANIFEST),
            "/v2/a/blobs": Answer(blob, {}, b""),
        }
    )
    assert told in transfer.pull(registry).error
