"""Each kind has the path that the API server gives it."""

import pytest

from wharfinger.kube.resources import DEPLOYMENT, REGISTRY, SECRET, WATCHED, resource_of


def test_paths_are_those_of_the_api_conventions() -> None:
    assert SECRET.path() == "/api/v1/secrets"
    assert SECRET.path("ci", "team-tls") == "/api/v1/namespaces/ci/secrets/team-tls"
    assert DEPLOYMENT.path("ci") == "/apis/apps/v1/namespaces/ci/deployments"
    assert REGISTRY.path("ci", "team", "status") == "/apis/wharfinger.dev/v1/namespaces/ci/registries/team/status"


def test_a_manifest_names_its_resource() -> None:
    assert resource_of("apps/v1", "Deployment") is DEPLOYMENT
    with pytest.raises(LookupError, match="add it there"):
        resource_of("batch/v1", "Job")


def test_no_two_resources_share_a_kind() -> None:
    assert len({resource.kind for resource in WATCHED}) == len(WATCHED)
