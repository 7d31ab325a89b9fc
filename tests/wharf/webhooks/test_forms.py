"""An endpoint gets the form that it asked for."""

import json

from wharf.webhooks.envelope import Source
from wharf.webhooks.forms import body


def test_each_form_has_its_media_type_and_one_event(event):
    source = Source("r", "p")
    kind, content = body("Distribution", event(), source)
    assert kind == "application/vnd.docker.distribution.events.v2+json"
    assert [each["id"] for each in json.loads(content)["events"]] == ["event-1"]
    kind, content = body("CloudEvents", event(), source)
    assert kind.startswith("application/cloudevents+json")
    assert json.loads(content)["id"] == "event-1"
