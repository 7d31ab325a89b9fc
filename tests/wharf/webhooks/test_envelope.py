"""The envelope is that of Distribution, field for field."""

import json

from wharf.metadata.interface import Event
from wharf.webhooks.envelope import Source, render


def test_an_event_has_the_fields_of_distribution():
    event = Event(
        id="320678d8-ca14-430f-8bb6-4ca139cd83f7",
        timestamp="2027-01-15T08:00:00.000000Z",
        action="push",
        repository="team/app",
        digest="sha256:1",
        media_type="application/vnd.oci.image.manifest.v1+json",
        size=708,
        tag="latest",
        url="https://r.example/v2/team/app/manifests/sha256:1",
        actor="ci",
        request_id="6df24a34",
        request_address="192.168.64.11:42961",
        request_host="r.example",
        request_method="PUT",
        user_agent="curl/7.38.0",
    )
    assert json.loads(render([event], Source("r.example", "pod-1"))) == {
        "events": [
            {
                "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7",
                "timestamp": "2027-01-15T08:00:00.000000Z",
                "action": "push",
                "target": {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "size": 708,
                    "digest": "sha256:1",
                    "length": 708,
                    "repository": "team/app",
                    "url": "https://r.example/v2/team/app/manifests/sha256:1",
                    "tag": "latest",
                },
                "request": {
                    "id": "6df24a34",
                    "addr": "192.168.64.11:42961",
                    "host": "r.example",
                    "method": "PUT",
                    "useragent": "curl/7.38.0",
                },
                "actor": {"name": "ci"},
                "source": {"addr": "r.example", "instanceID": "pod-1"},
            }
        ]
    }


def test_what_is_empty_is_left_out_where_distribution_leaves_it_out():
    event = Event("1", "2027-01-15T08:00:00Z", "mount", "a", from_repository="b")
    assert json.loads(render([event], Source("", "")))["events"] == [
        {
            "id": "1",
            "timestamp": "2027-01-15T08:00:00Z",
            "action": "mount",
            "target": {"repository": "a", "fromRepository": "b"},
            "request": {"id": "", "method": "", "useragent": ""},
            "actor": {},
            "source": {},
        }
    ]
