"""The Secrets of type kubernetes.io/dockerconfigjson: what pods name in `imagePullSecrets`, and jobs log in with.

Rule: the login is for every name and port that an image reference to the registry can begin with. Beside it the Secret
holds the robot's password, and the next one while a rotation is under way, as that of a user does.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from wharfinger.children.owner import Owner, decoded, encoded
from wharfinger.children.render import manifest
from wharfinger.children.user import contents

KEY = ".dockerconfigjson"


def docker(
    owner: Owner, *, name: str, password: str, upcoming: str, notes: Mapping[str, str], document: bytes
) -> dict[str, Any]:
    """Secret REGISTRY-pull or REGISTRY-push, of the robot `name`. `document` is what clients log in with."""
    metadata, data = contents(owner, name=name, password=password, upcoming=upcoming, notes=notes)
    return manifest("docker.yaml.j2", metadata=metadata, data=data | encoded({KEY: document}))


def login(servers: Iterable[str], user: str, password: str) -> bytes:
    """The document of a login at each of these servers."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    entry = {"username": user, "password": password, "auth": token}
    return json.dumps({"auths": dict.fromkeys(servers, entry)}, sort_keys=True).encode()


def users(document: bytes | None) -> frozenset[str]:
    """Whom a document logs in as; nobody when it cannot be read."""
    try:
        auths = json.loads(document or b"{}").get("auths", {})
        return frozenset(str(entry.get("username", "")) for entry in auths.values())
    except (ValueError, AttributeError):
        return frozenset()


def document_of(secret: Mapping[str, Any] | None) -> bytes | None:
    """The document in a live Secret."""
    return decoded(secret, KEY)
