"""The SDK of CloudEvents, which others wrote, reads what we render."""

import json

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event

from wharf.metadata.interface import Event
from wharf.webhooks import envelope
from wharf.webhooks.cloud_event import MEDIA_TYPE, render
from wharf.webhooks.envelope import Source

SOURCE = Source("r.example:5000", "pod-1")


def event(**fields):
    about = {"digest": "sha256:1", "tag": "v1", "size": 7} | fields
    return Event("320678d8", "2027-01-15T08:00:00.250000Z", "push", "team/app", **about)


def test_the_sdk_reads_every_attribute_and_the_data():
    read = from_http_event(HTTPMessage({"content-type": MEDIA_TYPE}, render(event(), SOURCE)))
    assert read.get_id() == "320678d8"
    assert read.get_source() == "https://r.example:5000"
    assert read.get_type() == "dev.wharfinger.registry.push"
    assert read.get_specversion() == "1.0"
    assert read.get_subject() == "team/app:v1"
    assert read.get_time().isoformat() == "2027-01-15T08:00:00.250000+00:00"
    assert read.get_datacontenttype() == "application/json"
    assert read.get_data() == envelope.fields(event(), SOURCE)


@pytest.mark.parametrize(
    ("fields", "subject"),
    [({}, "team/app:v1"), ({"tag": ""}, "team/app@sha256:1"), ({"tag": "", "digest": ""}, "team/app")],
)
def test_the_subject_is_a_reference_without_the_registry(fields, subject):
    assert json.loads(render(event(**fields), SOURCE))["subject"] == subject


def test_a_registry_without_tls_says_so_in_its_source():
    assert json.loads(render(event(), Source("r", "p", secure=False)))["source"] == "http://r"
