"""Distribution's own types decode our envelope, and say the same when they encode it again. Needs Go, no cluster."""

from __future__ import annotations

import json
import subprocess

import pytest

from e2e.programs import program
from wharf.metadata.interface import Event
from wharf.webhooks.envelope import MEDIA_TYPE, Source, render

SOURCE = Source("registry.example:5000", "pod-1")
PUSH = Event(
    id="320678d8-ca14-430f-8bb6-4ca139cd83f7",
    timestamp="2027-01-15T08:00:00.25Z",
    action="push",
    repository="team/app",
    digest=f"sha256:{'a' * 64}",
    media_type="application/vnd.oci.image.manifest.v1+json",
    size=708,
    tag="v1",
    url="https://registry.example/v2/team/app/manifests/v1",
    actor="ci",
    request_id="6df24a34",
    request_address="192.168.64.11:42961",
    request_host="registry.example",
    request_method="PUT",
    user_agent="docker/28",
)
MOUNT = Event("1", "2027-01-15T08:00:00Z", "mount", "a", digest=f"sha256:{'b' * 64}", from_repository="b")
DELETED_TAG = Event("2", "2027-01-15T08:00:00Z", "delete", "a", tag="v1")


@pytest.mark.programs("envelope")
@pytest.mark.parametrize("event", [PUSH, MOUNT, DELETED_TAG], ids=["push", "mount", "delete"])
def test_distribution_reads_what_we_send(event: Event) -> None:
    sent = render([event], SOURCE)
    done = subprocess.run([program("envelope")], input=sent, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.decode().strip() == MEDIA_TYPE
    (ours,), (theirs,) = json.loads(sent)["events"], json.loads(done.stdout)["events"]
    for part, fields in ours.items():
        if isinstance(fields, dict):
            assert {name: theirs[part].get(name) for name in fields} == fields
        else:
            assert theirs[part] == fields
