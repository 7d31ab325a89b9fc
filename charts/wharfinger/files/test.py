"""What `helm test` runs: the operator is ready, and a registry that it made answers to its password."""

import base64
import os
import ssl
import time
import urllib.error
import urllib.request
from pathlib import Path


def answer(url: str, headers: dict[str, str]) -> str:
    """The status, or what went wrong."""
    trust = ssl.create_default_context(cafile="/ca/ca.crt")
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5, context=trust) as reply:
            return str(reply.status)
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError as error:
        return str(error)


def wait(what: str, url: str, wanted: str, headers: dict[str, str]) -> None:
    """Ask until the answer is the one wanted, for two minutes at most."""
    for _ in range(120):
        if (got := answer(url, headers)) == wanted:
            print(f"{what}: {got}", flush=True)
            return
        time.sleep(1)
    raise SystemExit(f"{what}: {got}, not {wanted}, from {url}")


password = Path("/password/password").read_text()
login = {"Authorization": "Basic " + base64.b64encode(f"admin:{password}".encode()).decode()}
if "OPERATOR" in os.environ:
    wait("the operator is ready", os.environ["OPERATOR"], "200", {})
wait("the registry takes its password", os.environ["REGISTRY"], "200", login)
wait("the registry refuses everybody else", os.environ["REGISTRY"], "401", {})
