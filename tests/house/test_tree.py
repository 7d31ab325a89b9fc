"""Holds the tree to the rules that concern all files: no package host, no machine's path, versions that agree."""

import re
import subprocess
import tomllib
from pathlib import Path

import kubectl_registry
import wharf
import wharfinger

ROOT = Path(__file__).resolve().parents[2]
# written in parts so that this file does not name them itself
PACKAGE_HOSTS = [
    "pypi" + ".org", "pythonhosted" + ".org", "proxy.golang" + ".org", "sum.golang" + ".org", "registry.npmjs" + ".org",
    "deb.debian" + ".org", "crates" + ".io", "repo.maven" + ".apache",
]  # fmt: skip
# git names the files, so what is ignored is out of it; go.sum lines are hashes and module names
TRACKED = (
    subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
)
TEXT = [path for path in TRACKED if path and not path.endswith((".png", "go.sum", "go.mod"))]


def test_no_file_names_a_package_host_or_a_path_of_one_machine() -> None:
    wrong = []
    for path in TEXT:
        if not (ROOT / path).exists():  # deleted in the work tree, not yet in git
            continue
        text = (ROOT / path).read_text()
        wrong += [f"{path} names {host}" for host in PACKAGE_HOSTS if host in text]
        if re.search(r"(?<![\w.])/" + "work/", text):
            wrong.append(f"{path} holds a path of one machine")
    assert not wrong, "\n".join(wrong)


def test_requirements_are_pinned_with_hashes_and_name_no_url() -> None:
    wrong = []
    for path in (path for path in TEXT if path.startswith("requirements/")):
        text = (ROOT / path).read_text()
        if "://" in text:
            wrong.append(f"{path} names a URL")
        for block in re.split(r"(?m)^(?=[A-Za-z])", text):
            pinned = re.match(r"[\w.\-]+(\[[\w,\-]+\])?==\S+ ", block) and "--hash=sha256:" in block
            if block and not block.startswith("#") and not pinned:
                wrong.append(f"{path}: {block.splitlines()[0]}")
    assert not wrong, "\n".join(wrong)


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    newest = re.search(r"(?m)^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text())
    assert newest is not None
    assert project == wharf.__version__ == wharfinger.__version__ == kubectl_registry.__version__ == newest[1]


def test_the_readme_reaches_both_commands_within_forty_lines() -> None:
    top = "\n".join((ROOT / "README.md").read_text().splitlines()[:40])
    assert "kind: Registry" in top
    assert "make up" in top
    assert "make test" in "\n".join((ROOT / "README.md").read_text().splitlines()[:45])


def test_every_link_in_the_documentation_leads_to_a_file() -> None:
    missing = []
    for page in [ROOT / path for path in TEXT if path.endswith(".md") and (ROOT / path).exists()]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", page.read_text()):
            if not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not missing


def test_every_decision_has_a_number_of_its_own_and_says_it() -> None:
    pages = sorted(path for path in (ROOT / "docs/decisions").iterdir() if path.name != "README.md")
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.read_text().startswith(f"# {int(page.name[:4])}. "), page.name
