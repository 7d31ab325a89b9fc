"""What goes into the builder's context, and when an image is built again."""

from pathlib import Path

import pytest
from e2e.cluster.images import Source, context_key, project_version, stage

SOURCE = Source("docker.io/wharfinger/x:1", "registry", "wharf")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    files = {
        "registry/Dockerfile": "FROM x\n",
        "registry/wharf/__init__.py": "",
        "registry/wharf/http/blobs.py": "pass\n",
        "registry/wharf/__pycache__/x.pyc": "",
        "requirements/registry.txt": "a==1\n",
        "requirements/operator.txt": "b==1\n",
        "README.md": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    directory = tmp_path / "wheels"
    directory.mkdir()
    (directory / "a-1-py3-none-any.whl").write_text("wheel")
    return directory


def staged(repository: Path, wheels: Path, context: Path) -> list[str]:
    stage(SOURCE, wheels, context, repository)
    return sorted(str(path.relative_to(context)) for path in context.rglob("*") if path.is_file())


def test_the_context_holds_only_what_the_dockerfile_copies(repository: Path, wheels: Path, tmp_path: Path) -> None:
    assert staged(repository, wheels, tmp_path / "context") == [
        "Dockerfile",
        "registry/wharf/__init__.py",
        "registry/wharf/http/blobs.py",
        "requirements/registry.txt",
        "requirements/wheels/a-1-py3-none-any.whl",
    ]


def test_a_file_that_left_the_tree_leaves_the_context(repository: Path, wheels: Path, tmp_path: Path) -> None:
    staged(repository, wheels, tmp_path / "context")
    (repository / "registry/wharf/http/blobs.py").unlink()
    assert "registry/wharf/http/blobs.py" not in staged(repository, wheels, tmp_path / "context")


def test_modes_do_not_depend_on_the_work_trees(repository: Path, wheels: Path, tmp_path: Path) -> None:
    (repository / "registry/wharf/__init__.py").chmod(0o600)
    staged(repository, wheels, tmp_path / "context")
    assert (tmp_path / "context/registry/wharf/__init__.py").stat().st_mode & 0o777 == 0o644


def test_the_key_changes_with_sources_and_arguments_only(repository: Path, wheels: Path, tmp_path: Path) -> None:
    context = tmp_path / "context"
    staged(repository, wheels, context)
    first = context_key(context, {"BASE_IMAGE": "x"})
    (repository / "README.md").write_text("changed")
    staged(repository, wheels, context)
    assert context_key(context, {"BASE_IMAGE": "x"}) == first
    assert context_key(context, {"BASE_IMAGE": "y"}) != first
    (repository / "registry/wharf/__init__.py").write_text("changed")
    staged(repository, wheels, context)
    assert context_key(context, {"BASE_IMAGE": "x"}) != first


def test_the_version_is_that_of_the_project() -> None:
    assert project_version('[project]\nname = "x"\nversion = "1.2.3"\n') == "1.2.3"
