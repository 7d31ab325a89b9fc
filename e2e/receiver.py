"""A webhook receiver in a pod: it keeps what is POSTed to it and hands it back to the test.

Rule: the server script stands alone (standard library only), because it runs inside the registry's own image, the one
image with Python that each cluster of ours has.
"""

from __future__ import annotations

import json
from typing import Any

from e2e.kubectl import Kubectl

LABELS = {"app": "hooks"}
SERVER = """
import http.server, json, time
events = []
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events.append({"path": self.path, "headers": dict(self.headers), "body": body, "at": time.time()})
        self.answer(204)
    def do_GET(self):
        self.answer(200, json.dumps(events).encode())
http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler).serve_forever()
"""


def deployment(namespace: str, image: str) -> dict[str, Any]:
    """The receiver's Deployment; restricted, as everything of ours is."""
    container = {
        "name": "hooks",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": ["python3", "-u", "/app/server.py"],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "volumeMounts": [{"name": "app", "mountPath": "/app"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "app", "configMap": {"name": "hooks"}}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "hooks", "namespace": namespace},
        "spec": {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}},
    }


def manifests(namespace: str, image: str) -> list[dict[str, Any]]:
    """Deployment, Service and script of the receiver `hooks`."""
    metadata = {"name": "hooks", "namespace": namespace}
    script = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"server.py": SERVER}}
    return [script, deployment(namespace, image), service("hooks", namespace)]


def service(name: str, namespace: str) -> dict[str, Any]:
    """A Service of the receiver, by whatever name."""
    spec = {"selector": LABELS, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def received(kubectl: Kubectl, namespace: str) -> list[dict[str, Any]]:
    """All events that have reached the receiver, oldest first, unwrapped from their envelopes."""
    return [event for post in posts(kubectl, namespace) for event in post["body"]["events"]]


def posts(kubectl: Kubectl, namespace: str) -> list[dict[str, Any]]:
    """All requests that have reached the receiver, oldest first: path, headers, body, and the time in Unix seconds."""
    text = kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/services/hooks:80/proxy/")
    found: list[dict[str, Any]] = json.loads(text)
    return found
