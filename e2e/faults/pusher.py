"""A client that pushes and deletes images without a pause, and remembers what was acknowledged.

Rule: what it remembers as kept was answered; what it asked for and did not hear of is in doubt, and nothing is required
of it. A refusal for the client's own fault is begun again from the start; any 5xx is remembered as an error.
"""

from __future__ import annotations

import copy
import hashlib
import http.client
import json
import random
import threading
from dataclasses import dataclass, field

from e2e.faults.process import DEADLINE, Client

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
SHARED = b"a layer that all images share"


class RefusedError(Exception):
    """The registry has refused something; a client would begin again."""


@dataclass
class Memory:
    """What was acknowledged. `kept`: contents by digest, by tag; the last of them is what the tag points at."""

    kept: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    blobs: dict[str, bytes] = field(default_factory=dict)


def digest_of(content: bytes) -> str:
    """The digest of content."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Pusher:
    """Pushes to one repository of the registry at a port, under tags that begin with `name`."""

    def __init__(self, port: int, repository: str, name: str, *, deletes: float = 0.4, size: int = 200_000) -> None:
        self.client = Client(port)
        self.repository = repository
        self.memory = Memory()
        self.errors: list[tuple[int, str, str, bytes]] = []
        self.pushes = 0
        self._name = name
        self._deletes = deletes
        self._sizes = (10, 5000, size)
        self._random = random.Random()  # noqa: S311 - no secret
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the request that is under way."""
        self._stopped.set()
        if self._thread.ident is not None:
            self._thread.join(DEADLINE)
        assert not self._thread.is_alive()

    def remembered(self) -> Memory:
        """What is acknowledged at this moment."""
        while True:
            try:
                return copy.deepcopy(self.memory)
            except RuntimeError:  # it was changed meanwhile
                continue

    def push(self, tag: str) -> None:
        """Push an image, sometimes below an index. Raises RefusedError, OSError, HTTPException."""
        layers = [self._random.randbytes(self._random.choice(self._sizes)) for _ in range(2)] + [SHARED]
        described = [
            {"mediaType": "application/x", "digest": self._blob(layer), "size": len(layer)} for layer in layers
        ]
        document = {"schemaVersion": 2, "mediaType": IMAGE, "config": described[0], "layers": described[1:]}
        contents = {digest_of(layer): layer for layer in layers}
        content, kind = json.dumps(document).encode(), IMAGE
        if self._random.random() < 0.3:
            child = {"mediaType": IMAGE, "digest": digest_of(content), "size": len(content)}
            self._put(child["digest"], content, kind)
            contents[digest_of(content)] = content
            content = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [child]}).encode()
            kind = INDEX
        self._put(tag, content, kind)
        contents[digest_of(content)] = content
        self.memory.kept[tag] = contents

    def delete(self, tag: str) -> None:
        """Delete an image by its digest. Raises as push()."""
        digest = list(self.memory.kept.pop(tag))[-1]
        self._require(202, *self.ask("DELETE", f"/v2/{self.repository}/manifests/{digest}"))
        self.memory.gone.add(tag)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """One request; the answer, which is remembered if it is an error of the registry."""
        status, answer = self.client.request(method, path, body, **headers)
        if status >= 500:
            self.errors.append((status, method, path, answer))
        return status, answer

    def _run(self) -> None:
        number = 0
        while not self._stopped.is_set():
            number += 1
            try:
                self.push(f"{self._name}{number}")
                self.pushes += 1
                if self._random.random() < self._deletes:
                    self.delete(self._random.choice(sorted(self.memory.kept)))
            except (OSError, http.client.HTTPException, RefusedError):
                self._stopped.wait(0.005)

    def _blob(self, content: bytes) -> str:
        digest = digest_of(content)
        path = f"/v2/{self.repository}/blobs/"
        if self.ask("HEAD", path + digest)[0] == 200:
            return digest
        if self._random.random() < 0.5:
            self._require(201, *self.ask("POST", f"{path}uploads/?digest={digest}", content))
        else:
            self._require(202, *self.ask("POST", f"{path}uploads/"))
            location, half = self.client.headers["location"], len(content) // 2
            self._require(202, *self.ask("PATCH", location, content[:half]))
            self._require(201, *self.ask("PUT", f"{location}?digest={digest}", content[half:]))
        self.memory.blobs[digest] = content
        return digest

    def _put(self, reference: object, content: bytes, kind: str) -> None:
        path = f"/v2/{self.repository}/manifests/{reference}"
        self._require(201, *self.ask("PUT", path, content, Content_Type=kind))

    @staticmethod
    def _require(wanted: int, status: int, answer: bytes) -> None:
        if status != wanted:
            raise RefusedError(status, answer)
