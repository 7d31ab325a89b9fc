"""Writes what is made from the models: the CRDs, the chart's copy of them, and the reference pages.

Rule: these files are never edited by hand; `--check` writes nothing and fails when one of them differs.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from pathlib import Path

import yaml

from wharfinger.api.condition_reference import condition_reference
from wharfinger.api.crd import crds
from wharfinger.api.reference import reference

_HEADER = "# Generated from operator/wharfinger/api by `make generate`. Edit the models, not this file.\n"


def generated() -> dict[str, str]:
    """Every generated file: path relative to the repository, and its text."""
    files = {"docs/reference/api.md": reference(), "docs/reference/conditions.md": condition_reference()}
    for name, crd in crds().items():
        text = _HEADER + yaml.safe_dump(crd, sort_keys=False, width=120)
        files[f"crds/{name}"] = text
        files[f"charts/wharfinger/files/crds/{name}"] = text
    return files


def differences(root: Path) -> list[str]:
    """Unified diffs of the files under `root` that are not what the models say."""
    diffs = []
    for path, text in generated().items():
        file = root / path
        old = file.read_text() if file.exists() else ""
        if old != text:
            lines = difflib.unified_diff(old.splitlines(), text.splitlines(), path, f"{path} (generated)", lineterm="")
            diffs.append("\n".join(lines))
    return diffs


def write(root: Path) -> None:
    """Write every generated file under `root`."""
    for path, text in generated().items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 when the files are as the models say, 1 when `--check` found a difference."""
    parser = argparse.ArgumentParser(prog="python -m wharfinger.api.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a file is not up to date")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[3], help="the repository")
    options = parser.parse_args(arguments)
    if not options.check:
        write(options.root)
        return 0
    diffs = differences(options.root)
    if diffs:
        sys.stderr.write("\n".join([*diffs, "Run `make generate` and commit what it writes.", ""]))
    return 1 if diffs else 0


if __name__ == "__main__":
    sys.exit(main())
