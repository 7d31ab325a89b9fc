"""The Secret that pods name in `imagePullSecrets`.

Rule: it knows the registry under every name and port that an image reference can hold.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from wharfinger.children.owner import Owner, encoded
from wharfinger.children.render import manifest


def pull(owner: Owner, *, servers: Iterable[str], user: str, password: str) -> dict[str, Any]:
    """Secret NAME-pull, of type kubernetes.io/dockerconfigjson."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    login = {"username": user, "password": password, "auth": token}
    document = json.dumps({"auths": dict.fromkeys(servers, login)}, sort_keys=True)
    return manifest("pull.yaml.j2", metadata=owner.metadata(owner.pull), data=encoded({".dockerconfigjson": document}))
