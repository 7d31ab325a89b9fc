"""Secret NAME-htpasswd."""

import json

from wharfinger.children.htpasswd import SHA256, SOURCES, htpasswd


def test_it_is_as_written_down(owner, golden):
    golden("htpasswd", htpasswd(owner, text="ci:$2b$10$x\n", sources={"ci": "uid/7"}, sha256="0f"))


def test_annotations_say_where_lines_come_from_and_hold_no_hash(owner):
    made = htpasswd(owner, text="ci:$2b$10$x\n", sources={"ci": "uid/7", "a": ""}, sha256="0f")
    annotations = made["metadata"]["annotations"]
    assert json.loads(annotations[SOURCES]) == {"a": "", "ci": "uid/7"}
    assert annotations[SHA256] == "0f"
    assert "$2b$" not in str(made["metadata"])
