"""Secret NAME-ca."""

from wharfinger.children.ca import ROTATION, ca


def test_it_is_as_written_down(owner, golden):
    golden("ca", ca(owner, data={"tls.crt": "CA\n", "tls.key": "KEY\n"}, annotations={}))


def test_what_a_rotation_keeps_lies_beside_it(owner):
    data = {"tls.crt": "CA\n", "tls.key": "KEY\n", "previous.crt": "OLD\n"}
    made = ca(owner, data=data, annotations={ROTATION: "2", "wharfinger.dev/none": ""})
    assert set(made["data"]) == set(data)
    assert made["metadata"]["annotations"] == {ROTATION: "2"}
