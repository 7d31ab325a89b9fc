"""Each environment variable is read, or refused by name."""

import re
from pathlib import Path

import pytest

import wharfinger
from wharfinger import settings


def test_without_variables_the_defaults_hold() -> None:
    found = settings.read({})
    assert found == settings.Settings()
    assert found.namespaces == ()
    assert found.registry_image == f"wharfinger/wharf:{wharfinger.__version__}"


def test_every_variable_counts() -> None:
    found = settings.read(
        {
            "WHARFINGER_NAMESPACES": " b, a,,a ",
            "WHARFINGER_WORKERS": "4",
            "WHARFINGER_PORT": "0",
            "WHARFINGER_ADDRESS": "127.0.0.1",
            "WHARFINGER_LOG_LEVEL": "debug",
            "WHARFINGER_REGISTRY_IMAGE": "r/w:1",
            "WHARFINGER_CLUSTER_DOMAIN": "example.org",
            "WHARFINGER_LEASE_NAMESPACE": "wharfinger-system",
            "WHARFINGER_LEASE_SECONDS": "30",
            "KUBECONFIG": "/k",
            "WHARFINGER_PULL_SECRETS_ACROSS_NAMESPACES": "true",
            "POD_NAME": "wharfinger-0",
        }
    )
    assert found == settings.Settings(
        namespaces=("a", "b"),
        workers=4,
        port=0,
        address="127.0.0.1",
        log_level="DEBUG",
        registry_image="r/w:1",
        cluster_domain="example.org",
        lease_namespace="wharfinger-system",
        lease_seconds=30,
        kubeconfig="/k",
        across_namespaces=True,
        instance="wharfinger-0",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WHARFINGER_WORKERS", "0"),
        ("WHARFINGER_WORKERS", "many"),
        ("WHARFINGER_PORT", "70000"),
        ("WHARFINGER_PORT", "-1"),
        ("WHARFINGER_LOG_LEVEL", "loud"),
        ("WHARFINGER_PULL_SECRETS_ACROSS_NAMESPACES", "maybe"),
    ],
)
def test_a_value_that_cannot_be_used_names_its_variable(name: str, value: str) -> None:
    with pytest.raises(settings.SettingError, match=f"{name}='{value}': write "):
        settings.read({name: value})


def test_the_reference_has_every_variable() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "operator.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`", page, re.MULTILINE))
    assert documented == set(re.findall(r'"((?:WHARFINGER_|POD_|KUBE)[A-Z_]+)"', Path(settings.__file__).read_text()))
