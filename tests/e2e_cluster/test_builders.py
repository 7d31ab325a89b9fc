"""How the builders are called."""

from pathlib import Path

import pytest
from e2e.cluster.builders import TIMESTAMP, Build, Buildah, DockerEngine, python_version
from e2e.cluster.errors import ClusterError, CommandError
from tests.e2e_cluster.conftest import Programs

WRITES = """
for word in sys.argv:
    if word.startswith("docker-archive:"):
        pathlib.Path(word.split(":")[1]).write_text("image")
    if "--output" in sys.argv:
        pathlib.Path(sys.argv[sys.argv.index("--output") + 1]).write_text("image")
"""


def build(tmp_path: Path) -> Build:
    return Build("docker.io/wharfinger/x:1", tmp_path / "context", {"BASE_IMAGE": "base", "VERSION": "1"})


def test_buildah_builds_without_network_or_clock_in_a_storage_of_its_own(programs: Programs, tmp_path: Path) -> None:
    programs.add("unshare", WRITES)
    Buildah(tmp_path / "cache").build(build(tmp_path), tmp_path / "images" / "x.tar")
    bud, push = programs.calls()
    assert bud.startswith("unshare --mount --propagation private --net buildah --root")
    assert f"{tmp_path}/cache/buildah/root" in bud
    assert "--pull-never" in bud
    assert f"--timestamp {TIMESTAMP}" in bud
    assert "--build-arg BASE_IMAGE=base --build-arg VERSION=1" in bud
    assert " push " in push
    assert (tmp_path / "images" / "x.tar").read_text() == "image"
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["x.tar"]


def test_what_a_cut_off_run_left_is_not_added_to(programs: Programs, tmp_path: Path) -> None:
    (tmp_path / "x.partial").write_text("half an image")
    programs.add("unshare", 'assert "push" not in sys.argv or not (here.parent / "x.partial").exists()\n' + WRITES)
    Buildah(tmp_path / "cache").build(build(tmp_path), tmp_path / "x.tar")
    assert (tmp_path / "x.tar").read_text() == "image"


def test_docker_builds_with_the_engines_own_builder_and_saves(programs: Programs, tmp_path: Path) -> None:
    programs.add("docker", "import os\n(here / 'kit').write_text(os.environ.get('DOCKER_BUILDKIT', ''))\n" + WRITES)
    DockerEngine().build(build(tmp_path), tmp_path / "x.tar")
    built, saved = programs.calls()
    assert built.startswith("docker build --network none --tag docker.io/wharfinger/x:1 --build-arg BASE_IMAGE=base")
    assert saved.startswith("docker save --output")
    assert (tmp_path / "x.tar").read_text() == "image"


def test_an_engine_without_buildx_uses_its_old_builder(programs: Programs, tmp_path: Path) -> None:
    complaint = "ERROR: BuildKit is enabled but the buildx component is missing or broken."
    fails = f"import os\nif os.environ.get('DOCKER_BUILDKIT') == '1': sys.exit({complaint!r})\n"
    programs.add("docker", fails + WRITES)
    DockerEngine().build(build(tmp_path), tmp_path / "x.tar")
    assert len(programs.calls()) == 3


def test_a_build_that_fails_leaves_no_image_and_says_why(programs: Programs, tmp_path: Path) -> None:
    programs.add("docker", "sys.exit('no space left')")
    with pytest.raises(CommandError, match="no space left"):
        DockerEngine().build(build(tmp_path), tmp_path / "x.tar")
    assert not (tmp_path / "x.tar").exists()


def test_the_base_images_python_is_asked_for_its_version(programs: Programs) -> None:
    programs.add("docker", "print('[3, 13]')")
    assert python_version(DockerEngine(), "base") == "3.13"
    assert programs.calls()[0].startswith("docker run --rm --network none --entrypoint python3 base -c")


def test_a_base_image_without_python_is_refused(programs: Programs) -> None:
    programs.add("docker", "sys.exit('python3: not found')")
    with pytest.raises(ClusterError, match="needs a `python3` on its PATH"):
        python_version(DockerEngine(), "base")
