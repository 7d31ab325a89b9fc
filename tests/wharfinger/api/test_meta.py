"""The words that both resources are made of."""

from typing import get_args

from wharfinger.api.meta import Glob, Rule, checked, list_map, plain
from wharfinger.api.status import RegistryStatus, UserStatus
from wharfinger.api.tls import SelfSigned


def test_a_rule_is_written_as_the_crd_has_it():
    assert Rule("self > 0", "write more", field_path=".size").schema() == {
        "rule": "self > 0",
        "message": "write more",
        "fieldPath": ".size",
    }
    assert "fieldPath" not in Rule("self > 0", "write more").schema()


def test_constraints_carry_their_rules():
    meta = checked(Rule("true", "never"), max_length=3, schema={"format": "x"})
    assert meta.max_length == 3
    assert meta.extra_json_schema == {
        "format": "x",
        "x-kubernetes-validations": [{"rule": "true", "message": "never"}],
    }


def test_a_named_type_is_bounded():
    assert get_args(Glob)[1].max_length == 256


def test_a_list_with_a_key_merges_by_it():
    assert list_map("name").extra_json_schema == {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }


def test_a_model_is_plain_as_json_is_and_leaves_defaults_out():
    status = RegistryStatus(user_count=0, users=(UserStatus(name="a", secret_name="s"),))
    assert plain(status) == {"userCount": 0, "users": [{"name": "a", "secretName": "s"}]}
    assert plain(SelfSigned()) == {}
