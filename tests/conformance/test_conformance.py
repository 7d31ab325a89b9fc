"""The conformance program of distribution-spec, against wharf with TLS and a password: none fails, none is left out.

Needs Go to build the program, and no cluster.
"""

from __future__ import annotations

import os
import subprocess
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest
import yaml
from e2e.loopback import serve
from e2e.programs import program

# What the program leaves out unless it is told to test it too; the development version has more on by itself.
SWITCHES = (
    "API_BLOBS_DIGEST_HEADER",
    "API_BLOBS_UPLOAD_CANCEL",
    "API_MANIFESTS_DIGEST_HEADER",
    "API_MANIFESTS_TAG_PARAM",
    "DATA_SPARSE",
)


def everything(settings: object) -> bool:
    """Whether every switch in a tree of settings is on."""
    return all(map(everything, settings.values())) if isinstance(settings, dict) else settings is True


@pytest.mark.programs("conformance")
@pytest.mark.parametrize(("version", "workers"), [("1.1", 1), ("dev", 2)])
def test_every_conformance_test_passes_and_none_is_left_out(tmp_path: Path, version: str, workers: int) -> None:
    results = tmp_path / "results"
    with serve(tmp_path, sparseImages="Accept", workers=workers) as at:
        (tmp_path / "ca.pem").write_text(at.ca)
        told = {"REGISTRY": at.host, "TLS": "enabled", "USERNAME": at.user, "PASSWORD": at.password}
        told |= {"REPO1": "conformance/one", "REPO2": "conformance/two", "VERSION": version, "LOG": "error"}
        told |= {"RESULTS_DIR": str(results)} | dict.fromkeys(SWITCHES, "true")
        environment = {**os.environ, "SSL_CERT_FILE": str(tmp_path / "ca.pem")}
        environment |= {f"OCI_{name}": value for name, value in told.items()}
        done = subprocess.run(
            [program("conformance")], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    report = yaml.safe_load((results / "results.yaml").read_text())
    assert everything(report["config"]["apis"]), report["config"]["apis"]
    assert everything(report["config"]["data"]), report["config"]["data"]
    assert set((report["apis"] | report["data"]).values()) == {"Pass"}, report["apis"] | report["data"]
    cases = list(ET.parse(results / "junit.xml").iter("testcase"))  # noqa: S314 - written by the program just run
    outcomes = Counter(case.get("status") for case in cases)
    print(f"distribution-spec {version}: {dict(outcomes)}")  # noqa: T201 - what `make conformance` is run to read
    assert outcomes == {"passed": len(cases)}, [case.get("name") for case in cases if case.get("status") != "passed"]
    assert len(cases) > 800
    assert done.returncode == 0, done.stdout[-2000:]
