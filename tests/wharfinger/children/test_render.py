"""Templates: no value breaks out of its place, and nothing undefined passes in silence."""

import math

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from wharfinger.children import render
from wharfinger.children.owner import Owner
from wharfinger.children.render import TemplateError, encode, manifest, text
from wharfinger.children.service_account import service_account

ENVIRONMENT = Environment(undefined=StrictUndefined, finalize=encode, autoescape=False)  # noqa: S701 - YAML, not HTML
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=20), inner),
    max_leaves=8,
)


@given(VALUES)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
def test_any_value_arrives_as_it_is(loader, value):
    rendered = ENVIRONMENT.from_string("before: 1\nvalue: {{ value }}\nafter: 2\n").render(value=value)
    assert yaml.load(rendered, Loader=loader) == {"before": 1, "value": value, "after": 2}  # noqa: S506 - safe loaders


@pytest.mark.parametrize("value", [1e-07, 5e-324, 1e300, -1e16, 0.1, 10.0])
def test_a_number_stays_a_number(value):
    assert yaml.safe_load(encode(value)) == value


def test_an_undefined_name_is_named():
    with pytest.raises(TemplateError, match="metadata"):
        text("service_account.yaml.j2")


def test_an_undefined_attribute_is_named():
    with pytest.raises(TemplateError, match=r"deployment\.yaml\.j2.*'metadata' is undefined"):
        text("deployment.yaml.j2")


@pytest.mark.parametrize("value", [math.nan, math.inf, object()])
def test_what_json_cannot_say_is_an_error(value):
    with pytest.raises(TemplateError, match="service_account"):
        text("service_account.yaml.j2", metadata={"x": value})


@pytest.fixture
def templates(monkeypatch):
    """Templates that a test makes up."""

    def use(**sources):
        loader = DictLoader({f"{name}.yaml.j2": source for name, source in sources.items()})
        monkeypatch.setattr(render._MANIFESTS, "loader", loader)
        monkeypatch.setattr(render._MANIFESTS, "cache", {})

    return use


@given(value=VALUES)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_arrives_in_a_manifest_as_it_is(templates, value):
    templates(any="before: 1\nvalue: {{ value }}\nlist: [{{ value }}, b]\nconstant: {{ 'a' ~ 'b' }}\n")
    expected = {"before": 1, "value": value, "list": [value, "b"], "constant": "ab"}
    assert manifest("any.yaml.j2", value=value) == expected


def test_a_substitution_inside_of_a_longer_text_is_an_error(templates):
    templates(before="name: x-{{ name }}\n", after="name: {{ name }}-x\n")
    with pytest.raises(TemplateError, match="join the parts"):
        manifest("before.yaml.j2", name="a")
    with pytest.raises(TemplateError, match=r"after\.yaml\.j2"):
        manifest("after.yaml.j2", name="a")


def test_manifests_share_nothing():
    one = manifest("service_account.yaml.j2", metadata={"name": "a"})
    one["metadata"]["name"] = "changed"
    one["more"] = 1
    assert manifest("service_account.yaml.j2", metadata={"name": "a"})["metadata"] == {"name": "a"}
    assert "more" not in manifest("service_account.yaml.j2", metadata={"name": "a"})


def test_names_are_joined_inside_of_the_substitution():
    assert ENVIRONMENT.from_string('{{ name ~ "-x" }}').render(name="a") == '"a-x"'


def test_markup_passes_as_it_is():
    assert encode(Markup("a: b")) == "a: b"


def test_a_manifest_is_a_dict():
    assert manifest("service_account.yaml.j2", metadata={"name": "a"})["metadata"] == {"name": "a"}


def test_what_is_made_again_from_the_same_values_belongs_to_nobody_else() -> None:
    owner = Owner("team", "ci", "uid-1")
    first = service_account(owner)
    first["metadata"]["labels"]["mine"] = "yes"
    assert "mine" not in service_account(owner)["metadata"]["labels"]
    assert service_account(Owner("other", "ci", "uid-1"))["metadata"]["name"] == "other"
