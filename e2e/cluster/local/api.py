"""Asks the API server how the cluster is. Rule: reads only, each within seconds, and answers in sentences."""

import http.client
import json
import ssl
from typing import Any

from e2e.cluster.errors import ClusterError
from e2e.cluster.local.addons import DEPLOYMENTS
from e2e.cluster.local.node import Node

TIMEOUT_SECONDS = 5.0


def get(node: Node, path: str) -> Any:
    """GET `path` as an administrator: parsed JSON, or text. Raises `ClusterError` when no good answer comes."""
    try:
        context = ssl.create_default_context(cafile=str(node.pki / "ca.crt"))
        context.load_cert_chain(node.pki / "admin.crt", node.pki / "admin.key")
        connection = http.client.HTTPSConnection(node.network.node_ip, 6443, timeout=TIMEOUT_SECONDS, context=context)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            body = answer.read().decode()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise ClusterError(f"the API server does not answer: {error}") from error
    if answer.status != 200:
        raise ClusterError(f"the API server answers {path} with {answer.status}: {body[:300]}")
    return json.loads(body) if "json" in answer.getheader("Content-Type", "") else body


def problems(node: Node) -> list[str]:
    """What keeps the cluster from being of use, a line each."""
    try:
        get(node, "/readyz")
        found = node_problems(get(node, f"/api/v1/nodes/{node.name}"))
        for namespace, name in DEPLOYMENTS:
            found += deployment_problems(get(node, f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"))
    except ClusterError as error:
        return [str(error)]
    return found


def node_problems(resource: Any) -> list[str]:
    """Why a Node resource is not Ready."""
    conditions = {item["type"]: item for item in resource.get("status", {}).get("conditions", [])}
    ready = conditions.get("Ready", {})
    if ready.get("status") == "True":
        return []
    return [f"node {resource['metadata']['name']} is not Ready: {ready.get('message', 'it has not reported yet')}"]


def deployment_problems(resource: Any) -> list[str]:
    """Why a Deployment resource is not available."""
    wanted = resource["spec"].get("replicas", 1)
    available = resource.get("status", {}).get("availableReplicas", 0)
    if available >= wanted:
        return []
    return [f"deployment {resource['metadata']['name']}: {available} of {wanted} pods available"]


def is_ready(node: Node) -> bool:
    """Whether the API server serves."""
    try:
        get(node, "/readyz")
    except ClusterError:
        return False
    return True
