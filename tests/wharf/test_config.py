"""The configuration file: strict, with a default for everything."""

import json
from pathlib import Path

import jsonschema
import pytest

from wharf.config import Config, ConfigError, parse, schema


def test_an_empty_file_is_all_defaults():
    assert parse(b"") == parse("{}") == Config()
    assert Config().webhooks == []


def test_yaml_and_json_are_read_alike():
    assert parse("auth: {htpasswd: /a}").auth == parse('{"auth": {"htpasswd": "/a"}}').auth


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("adress: x", "adress"),
        ("auth: {}", "htpasswd"),
        ("auth: {htpasswd: 5}", "$.auth.htpasswd"),
        ("access: [{repositories: [], actions: [pull]}]", "$.access[0].repositories"),
        ("access: [{repositories: [a], actions: [read]}]", "$.access[0].actions[0]"),
        ("webhooks: [{name: a, url: 'ftp://x'}]", "$.webhooks[0].url"),
        ("webhooks: [{name: a, url: 'http://x'}, {name: a, url: 'http://y'}]", "$.webhooks"),
        ("uploadExpiry: 0", "$.uploadExpiry"),
        ("trustedProxies: [proxy.example]", "$.trustedProxies"),
        ("auth: {htpasswd: /a, tokens: {lifetime: 5}}", "$.auth.tokens.lifetime"),
        ("[]", "object"),
        ("a: [", "YAML"),
        ("!!python/object:os.system {}", "YAML"),
    ],
)
def test_an_error_names_the_field(text, field):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert field in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "webhooks:\n- headers: {Authorization: Bearer topsecret\n  signing: x\n",
        "secret: whsec_topsecret: x\n",
        "headers: [topsecret\n",
        "key: 'topsecret\n",
        "? {topsecret: x}\n: 1\n",
        "key: topsecret\0\n",
    ],
)
def test_an_error_is_one_line_that_quotes_no_secret(text):
    """It stands in the log, in /status, and so in a condition of the Registry."""
    with pytest.raises(ConfigError, match="not valid YAML: ") as caught:
        parse(text)
    assert "topsecret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_schema_accepts_what_is_parsed_and_refuses_what_is_not():
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate({"auth": {"htpasswd": "/a"}, "readOnly": True}, schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"unknown": 1}, schema())
    assert json.dumps(schema())
    assert Path(Config().data).is_absolute()


def test_a_schedule_that_is_none_is_refused_with_its_place():
    with pytest.raises(ConfigError, match=r"'61' is not a minute.* at `\$\.garbageCollection\.schedule`"):
        parse("garbageCollection: {schedule: 61 3 * * *}")
    assert parse("garbageCollection: {schedule: '@daily'}").garbage_collection.schedule == "@daily"
