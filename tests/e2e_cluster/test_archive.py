"""Image archives made without an engine."""

import hashlib
import json
import tarfile
from pathlib import Path

from e2e.cluster.archive import ScratchImage, archive_references, write_archive


def image(tmp_path: Path) -> ScratchImage:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF")
    return ScratchImage(
        "docker.io/wharfinger/e2e-x:1",
        {"/bin/program": program, "/etc/passwd": "root:x:0:0::/:/bin/sh\n"},
        links={"/bin/other": "/bin/program"},
        entrypoint=("/bin/program",),
    )


def test_the_archive_describes_its_one_layer_by_digest(tmp_path: Path) -> None:
    target = tmp_path / "x.tar"
    write_archive(image(tmp_path), target)
    with tarfile.open(target) as archive:
        content = {name: (archive.extractfile(name) or archive).read() for name in archive.getnames()}  # type: ignore[union-attr] # every member is a file
    manifest = json.loads(content["manifest.json"])[0]
    configuration = json.loads(content[manifest["Config"]])
    layer = content[manifest["Layers"][0]]
    assert manifest["RepoTags"] == ["docker.io/wharfinger/e2e-x:1"]
    assert configuration["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert configuration["config"]["Entrypoint"] == ["/bin/program"]


def test_the_layer_holds_files_links_and_a_tmp_for_everyone(tmp_path: Path) -> None:
    target = tmp_path / "x.tar"
    write_archive(image(tmp_path), target)
    with tarfile.open(target) as archive:
        name = json.load(archive.extractfile("manifest.json"))[0]["Layers"][0]  # type: ignore[arg-type] # it is a file
        with tarfile.open(fileobj=archive.extractfile(name)) as layer:
            modes = {entry.name: entry.mode for entry in layer}
            assert layer.getmember("bin/other").linkname == "/bin/program"
    assert modes["tmp"] == 0o1777
    assert modes["bin/program"] == 0o755
    assert modes["etc/passwd"] == 0o644
    assert list(modes).index("bin") < list(modes).index("bin/program")


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    write_archive(image(tmp_path), tmp_path / "one.tar")
    write_archive(image(tmp_path), tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_the_identity_of_an_image_changes_with_its_content(tmp_path: Path) -> None:
    write_archive(ScratchImage("a/b:1", {"/x": "1"}), tmp_path / "one.tar")
    write_archive(ScratchImage("a/b:1", {"/x": "2"}), tmp_path / "two.tar")
    one, two = archive_references(tmp_path / "one.tar"), archive_references(tmp_path / "two.tar")
    assert one.keys() == two.keys() == {"a/b:1"}
    assert one != two
