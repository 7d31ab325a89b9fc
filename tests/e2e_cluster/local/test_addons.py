"""DNS and volumes of a local cluster."""

import yaml
from e2e.cluster.local.addons import DEPLOYMENTS, render
from e2e.cluster.settings import Network


def test_every_placeholder_is_filled_and_every_deployment_is_there() -> None:
    network = Network.within("10.96.0.0/14")
    resources = [resource for resource in yaml.safe_load_all(render(network)) if resource]
    deployments = {
        (resource["metadata"]["namespace"], resource["metadata"]["name"])
        for resource in resources
        if resource["kind"] == "Deployment"
    }
    service = next(resource for resource in resources if resource["kind"] == "Service")
    assert deployments == set(DEPLOYMENTS)
    assert service["spec"]["clusterIP"] == network.dns_ip


def test_images_are_never_pulled() -> None:
    for resource in yaml.safe_load_all(render(Network.within("10.96.0.0/14"))):
        if resource and resource["kind"] == "Deployment":
            assert resource["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Never"
