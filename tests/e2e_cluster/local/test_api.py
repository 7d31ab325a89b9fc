"""What is wrong with a cluster, from its resources."""

from e2e.cluster.local.api import deployment_problems, node_problems


def test_a_ready_node_has_no_problem() -> None:
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    assert node_problems({"metadata": {"name": "n"}, "status": status}) == []


def test_a_node_that_is_not_ready_says_why() -> None:
    status = {"conditions": [{"type": "Ready", "status": "False", "message": "network plugin not initialized"}]}
    assert node_problems({"metadata": {"name": "n"}, "status": status}) == [
        "node n is not Ready: network plugin not initialized"
    ]
    assert node_problems({"metadata": {"name": "n"}}) == ["node n is not Ready: it has not reported yet"]


def test_a_deployment_lacks_pods_until_they_are_available() -> None:
    deployment = {"metadata": {"name": "coredns"}, "spec": {"replicas": 1}, "status": {}}
    assert deployment_problems(deployment) == ["deployment coredns: 0 of 1 pods available"]
    assert deployment_problems({**deployment, "status": {"availableReplicas": 1}}) == []
