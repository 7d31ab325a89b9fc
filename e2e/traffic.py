"""Clients that pull and push as people's clients do: they read the Secrets, log in, and go to work.

Rule: what goes wrong is written down with the moment and the answer, never tried again; a client that tries again
would hide the very outage that is looked for.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import secrets
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from e2e.clients import Login
from e2e.kubectl import Kubectl

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


class RefusedError(AssertionError):
    """The registry gave another answer than the one that was due."""


def docker_login(kubectl: Kubectl, registry: str, namespace: str, host: str, which: str) -> Login:
    """What is in REGISTRY-pull or REGISTRY-push, as a kubelet or a build job reads it."""
    secret, ca = kubectl.get("secret", f"{registry}-{which}", namespace), kubectl.get("cm", f"{registry}-ca", namespace)
    assert secret is not None
    assert ca is not None
    auths = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]
    entry = auths[f"{registry}.{namespace}.svc"]
    return Login(host, ca["data"]["ca.crt"], entry["username"], entry["password"])


class Session:
    """One TLS connection to a registry, and the requests of a pull and a push on it."""

    def __init__(self, at: Login) -> None:
        host, _, port = at.host.rpartition(":")
        context = ssl.create_default_context(cadata=at.ca)
        self._connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=30)
        self.at = at

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def send(self, method: str, path: str, due: int, body: bytes = b"", kind: str = "") -> tuple[bytes, str]:
        """One request; body and Location of the answer. Raises RefusedError for another status than `due`."""
        token = base64.b64encode(f"{self.at.user}:{self.at.password}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", **({"Content-Type": kind} if kind else {})}
        self._connection.request(method, path, body=body or None, headers=headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != due:
            raise RefusedError(f"{method} {path} as {self.at.user}: {answer.status} {content[:200]!r}")
        return content, answer.headers.get("Location", "")

    def login(self) -> None:
        """What `docker login` asks."""
        self.send("GET", "/v2/", 200)

    def push(self, repository: str, tag: str) -> None:
        """A small image of one random layer."""
        blob = secrets.token_bytes(2048)
        digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
        _, location = self.send("POST", f"/v2/{repository}/blobs/uploads/", 202)
        path = location[location.index("/v2/") :]
        self.send("PUT", f"{path}{'&' if '?' in path else '?'}digest={digest}", 201, blob, "application/octet-stream")
        layer = {"mediaType": "application/octet-stream", "digest": digest, "size": len(blob)}
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": layer, "layers": [layer]}
        self.send("PUT", f"/v2/{repository}/manifests/{tag}", 201, json.dumps(manifest).encode(), OCI_MANIFEST)

    def pull(self, repository: str, tag: str) -> None:
        """The manifest behind a tag, and all that it names."""
        content, _ = self.send("GET", f"/v2/{repository}/manifests/{tag}", 200)
        for layer in json.loads(content)["layers"]:
            blob, _ = self.send("GET", f"/v2/{repository}/blobs/{layer['digest']}", 200)
            if layer["digest"] != f"sha256:{hashlib.sha256(blob).hexdigest()}":
                raise RefusedError(f"{repository} has another content than {layer['digest']}")


@dataclass
class Traffic:
    """Clients that work at the same time, until told to stop; what they did, and what failed."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, name: str, read: Callable[[], Login], work: Callable[[Session], None], late: float = 0.0) -> None:
        """Let a client work: `read` the Secrets, wait `late` seconds, connect, `work`; again and again."""

        def loop() -> None:
            while not self.stop.is_set():
                with Session(read()) as session:
                    self.stop.wait(late)
                    self._once(name, session, work)
                time.sleep(0.05)

        self._begin(name, loop)

    def start_steady(self, name: str, read: Callable[[], Login], work: Callable[[Session], None]) -> None:
        """Let a client work on one connection all the time; it reads the password again before each round."""

        def loop() -> None:
            with Session(read()) as session:
                while not self.stop.is_set():
                    session.at = read()
                    self._once(name, session, work)

        self._begin(name, loop)

    def end(self) -> None:
        """Stop all clients, and wait for them."""
        self.stop.set()
        for thread in self._threads:
            thread.join(timeout=120)

    def _begin(self, name: str, loop: Callable[[], None]) -> None:
        thread = threading.Thread(target=loop, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _once(self, name: str, session: Session, work: Callable[[Session], None]) -> None:
        try:
            work(session)
            self.done[name] += 1
        except (AssertionError, OSError, http.client.HTTPException) as error:
            self.failures.append(f"{time.strftime('%H:%M:%S')} {name}: {type(error).__name__}: {error}")
            session.close()
