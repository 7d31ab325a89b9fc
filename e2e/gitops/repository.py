"""A git repository that a pod serves, and the clone that a person works in."""

from __future__ import annotations

import os
from pathlib import Path

import yaml

from e2e.clients import port_forward
from e2e.kubectl import Kubectl, Object, run

NAME = "git"
PORT = 8080
PATH = "cgi-bin/git/team.git"
LABELS = {"app": NAME}
_CGI = """#!/bin/sh
GIT_PROJECT_ROOT=/srv/git GIT_HTTP_EXPORT_ALL=1 exec git http-backend
"""
_SERVE = """
cd /srv/git
git init --quiet --bare --initial-branch=main team.git
git -C team.git config http.receivepack true
exec busybox httpd -f -p 8080 -h /srv/www
"""
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Team"), ("EMAIL", "team@example.com"))
}


class Repository:
    """A person's clone of it."""

    def __init__(self, kubectl: Kubectl, namespace: str, directory: Path) -> None:
        self._kubectl, self._namespace, self._directory = kubectl, namespace, directory
        directory.mkdir()
        self._git("init", "--quiet", "--initial-branch=main")

    @property
    def url(self) -> str:
        """Where pods find it."""
        return f"http://{NAME}.{self._namespace}.svc:{PORT}/{PATH}"

    @property
    def head(self) -> str:
        """The newest commit."""
        return self._git("rev-parse", "HEAD").strip()

    def serve(self, image: str) -> None:
        """Start the pod, from an image that has git and busybox."""
        self._kubectl.apply(*manifests(image), namespace=self._namespace)
        self._kubectl("rollout", "status", f"deployment/{NAME}", "-n", self._namespace, "--timeout=60s")

    def push(self, message: str, files: dict[str, Object | None]) -> str:
        """Commit files, each one object or None to remove it, and push; the commit."""
        for name, content in files.items():
            path = self._directory / f"{name}.yaml"
            if content is None:
                path.unlink()
            else:
                path.write_text(yaml.safe_dump(content))
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        with port_forward(self._kubectl, NAME, self._namespace, PORT) as host:
            self._git("push", "--quiet", f"http://{host}/{PATH}", "main")
        return self.head

    def _git(self, *arguments: str) -> str:
        environment = {**os.environ, **_AUTHOR, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
        return run(["git", "-C", str(self._directory), *arguments], env=environment)


def manifests(image: str) -> list[Object]:
    """The Deployment and the Service of git over HTTP: git's own CGI program behind a small web server."""
    container = {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "Never",
        "command": ["sh", "-euc", _SERVE],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"tcpSocket": {"port": PORT}, "periodSeconds": 1},
        "volumeMounts": [{"name": "data", "mountPath": "/srv/git"}, {"name": "cgi", "mountPath": "/srv/www/cgi-bin"}],
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "fsGroup": 65532},
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "cgi", "configMap": {"name": NAME, "defaultMode": 0o555}},
        ],
    }
    spec = {"selector": {"matchLabels": LABELS}, "template": {"metadata": {"labels": LABELS}, "spec": pod}}
    service = {"selector": LABELS, "ports": [{"port": PORT}]}
    return [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": NAME}, "data": {"git": _CGI}},
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": NAME}, "spec": spec},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": NAME}, "spec": service},
    ]
