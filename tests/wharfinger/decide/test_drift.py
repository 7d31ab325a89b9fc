"""What differs, by the meaning of server-side apply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharfinger.decide.drift import FIELDS, differences, stamped


def child(**spec):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "b"}, "spec": spec}


def test_what_is_as_sent_differs_in_nothing():
    assert differences(child(a=1), child(a=1)) == ()


def test_what_is_missing_differs_in_all():
    assert differences(child(a=1), {}) == ("metadata", "spec")


def test_fields_that_we_do_not_send_do_not_matter():
    live = child(a=1, b={"defaulted": True}) | {"status": {"x": 1}}
    live["metadata"] |= {"uid": "u", "resourceVersion": "3", "annotations": {"of": "others"}}
    assert differences(child(a=1), live) == ()


def test_paths_come_sorted():
    assert differences(child(z=1, a={"c": 1, "b": 1}), child()) == ("spec.a", "spec.z")
    assert differences(child(z=1, a={"c": 1, "b": 1}), child(a={"x": 1})) == ("spec.a.b", "spec.a.c", "spec.z")


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_absent_null_and_empty_are_one_and_the_same(nothing):
    assert differences(child(a=nothing), child()) == ()


@pytest.mark.parametrize("value", [False, 0, ""])
def test_a_zero_is_a_value(value):
    assert differences(child(a=value), child()) == ("spec.a",)


@pytest.mark.parametrize(("ours", "theirs"), [("1024Mi", "1Gi"), ("0.5", "500m"), (1, "1"), ("1Gi", "1073741824")])
def test_amounts_are_compared_as_amounts(ours, theirs):
    wanted = child(resources={"requests": {"storage": ours}})
    assert differences(wanted, child(resources={"requests": {"storage": theirs}})) == ()


def test_a_larger_amount_is_a_difference():
    wanted = child(resources={"requests": {"storage": "2Gi"}})
    live = child(resources={"requests": {"storage": "1Gi"}})
    assert differences(wanted, live) == ("spec.resources.requests.storage",)


def test_elsewhere_text_is_text():
    assert differences(child(image="1.0"), child(image="1")) == ("spec.image",)


def test_lists_with_a_merge_key_are_compared_entry_by_entry():
    wanted = child(containers=[{"name": "a", "image": "x"}])
    live = child(containers=[{"name": "injected"}, {"name": "a", "image": "y", "imagePullPolicy": "Always"}])
    assert differences(wanted, live) == ("spec.containers[a].image",)
    assert differences(wanted, child(containers=[{"name": "injected"}])) == ("spec.containers[a]",)


def test_ports_are_known_by_number_and_protocol():
    wanted = child(ports=[{"port": 443, "protocol": "TCP", "targetPort": "registry"}])
    live = child(ports=[{"port": 443, "protocol": "TCP", "targetPort": "registry", "nodePort": 30001}])
    assert differences(wanted, live) == ()
    assert differences(wanted, child(ports=[{"port": 80, "protocol": "TCP"}])) == ("spec.ports[443/TCP]",)


def test_other_lists_are_compared_whole():
    assert differences(child(args=["a"]), child(args=["a"])) == ()
    assert differences(child(args=["a"]), child(args=["a", "b"])) == ("spec.args",)
    assert differences(child(args=["a", "b"]), child(args=["b", "a"])) == ("spec.args",)
    assert differences(child(tolerations=[{"key": "a"}]), child(tolerations=[{"key": "a", "effect": ""}])) == ()


def test_a_value_of_another_shape_is_a_difference():
    assert differences(child(a={"b": 1}), child(a="text")) == ("spec.a",)
    assert differences(child(args=["a"]), child(args="a")) == ("spec.args",)


def test_a_field_that_is_no_longer_sent_is_found_by_the_stamp():
    before = stamped(child(annotations={"a": "1", "b": "2"}))
    after = stamped(child(annotations={"a": "1"}))
    assert differences(after, before) == (f"metadata.annotations.{FIELDS}",)


def test_an_owner_that_is_no_longer_named_is_found_by_the_stamp():
    owned = child(a=1)
    owned["metadata"]["ownerReferences"] = [{"uid": "u"}]
    assert differences(stamped(child(a=1)), stamped(owned))


def test_the_stamp_holds_names_never_values():
    assert stamped(child(data={"key": "one"})) != stamped(child(data={"other": "one"}))
    one, two = stamped(child(data={"key": "one"})), stamped(child(data={"key": "two"}))
    assert one["metadata"]["annotations"] == two["metadata"]["annotations"]


def test_learning_a_claim_s_class_is_no_change_of_fields():
    assert stamped(child(size=1))["metadata"] == stamped(child(size=1, storageClassName="standard"))["metadata"]


MANIFESTS = st.recursive(
    st.integers() | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=4), inner, max_size=3),
    max_leaves=10,
)


@given(MANIFESTS)
def test_nothing_differs_from_itself(value):
    manifest = stamped(child(value=value))
    assert differences(manifest, manifest) == ()


def test_a_key_too_many_counts_where_the_map_is_replaced_whole() -> None:
    wanted = {"kind": "Service", "spec": {"selector": {"app": "wharf"}}}
    live = {"spec": {"selector": {"app": "wharf", "more": "x"}}}
    assert differences(wanted, live) == ("spec.selector",)
