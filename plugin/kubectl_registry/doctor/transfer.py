"""A test pull, and a test push: what a client does, with as few bytes as it takes.

Rule: what is pulled is checked against its digest; what is pushed goes to one repository of our own and is deleted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from kubectl_registry.doctor.client import Answer, Client
from kubectl_registry.doctor.facts import Transfer
from kubectl_registry.errors import UnreachableError

REPOSITORY, TAG = "kubectl-registry/probe", "doctor"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_ACCEPT = ", ".join(
    (
        _MANIFEST,
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    )
)
_EMPTY = b"{}"
"""The empty descriptor's content (image-spec, Guidance for an Empty Descriptor)."""


def pull(client: Client, repositories: int = 20) -> Transfer:
    """Pull the first image that there is: its manifest, and one byte of one of its blobs."""
    try:
        found = _first_tag(client, repositories)
        if isinstance(found, Transfer):
            return found
        repository, tag = found
        what = f"pulling {repository}:{tag}"
        answer = client.get(f"/v2/{repository}/manifests/{tag}", Accept=_ACCEPT)
        if answer.status != 200:
            return _refused(what, answer)
        digest = answer.headers.get("docker-content-digest", "")
        if digest.startswith("sha256:") and digest != _digest(answer.body):
            return Transfer(what, f"the manifest is not what its digest {digest} says")
        for blob in _blobs(answer.body):
            got = client.get(f"/v2/{repository}/blobs/{blob}", Range="bytes=0-0")
            if got.status not in (200, 206):
                return _refused(f"{what}, blob {blob[:19]}", got)
            break
    except UnreachableError as error:
        return Transfer("a test pull", str(error))
    return Transfer(f"{repository}:{tag} can be pulled")


def push(client: Client) -> Transfer:
    """Push an artifact of a few bytes, pull it, and delete it."""
    what = f"pushing {REPOSITORY}:{TAG}"
    descriptor = {"mediaType": "application/vnd.oci.empty.v1+json", "digest": _digest(_EMPTY), "size": len(_EMPTY)}
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "artifactType": "application/vnd.wharfinger.probe",
            "config": descriptor,
            "layers": [descriptor],
        }
    ).encode()
    try:
        for wanted, answer in _push(client, manifest):
            if answer.status != wanted:
                return _refused(what, answer)
        deleted = client.request("DELETE", f"/v2/{REPOSITORY}/manifests/{_digest(manifest)}")
    except UnreachableError as error:
        return Transfer(what, str(error))
    left = "" if deleted.status == 202 else f"; it could not be deleted again ({deleted.status})"
    return Transfer(f"{REPOSITORY}:{TAG} can be pushed and pulled{left}")


def _push(client: Client, manifest: bytes) -> Iterator[tuple[int, Answer]]:
    """Each step's expected status and its answer."""
    octets = {"Content-Type": "application/octet-stream"}
    path = f"/v2/{REPOSITORY}/blobs/uploads/?digest={_digest(_EMPTY)}"
    yield 201, client.request("POST", path, body=_EMPTY, headers=octets)
    reference = f"/v2/{REPOSITORY}/manifests/{TAG}"
    yield 201, client.request("PUT", reference, body=manifest, headers={"Content-Type": _MANIFEST})
    yield 200, client.get(reference, Accept=_ACCEPT)


def _first_tag(client: Client, most: int) -> tuple[str, str] | Transfer:
    catalog = client.get(f"/v2/_catalog?n={most}")
    if catalog.status != 200:
        return _refused("listing repositories", catalog)
    for repository in _json(catalog).get("repositories") or []:
        tags = client.get(f"/v2/{repository}/tags/list?n=1")
        listed = _json(tags).get("tags") if tags.status == 200 else None
        if listed:
            return str(repository), str(listed[0])
    return Transfer("", nothing=True)


def _blobs(manifest: bytes) -> list[str]:
    """The blobs of a manifest, the smallest first; an index has none."""
    read = json.loads(manifest)
    descriptors = [each for each in [read.get("config"), *(read.get("layers") or [])] if each]
    return [str(each["digest"]) for each in sorted(descriptors, key=lambda each: each.get("size", 0))]


def _json(answer: Answer) -> dict[str, Any]:
    try:
        read = json.loads(answer.body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _refused(what: str, answer: Answer) -> Transfer:
    told = _json(answer).get("errors") or [{}]
    return Transfer(what, f"{answer.status} {told[0].get('message', '')}".strip(), answer.status)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
