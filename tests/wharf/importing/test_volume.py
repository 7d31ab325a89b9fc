"""A volume of Distribution is read as that registry itself reads it."""

import pytest

from wharf.importing.volume import NoVolumeError, Volume


def test_repositories_nest_and_what_begins_with_an_underscore_is_none(volume):
    for name in ("b", "a/b/c", "a", "a/b-c"):
        volume.image(name, "v1")
    (volume.root / "repositories" / "a" / "_uploads" / "_manifests").mkdir(parents=True)
    (volume.root / "repositories" / "Not A Name" / "_manifests").mkdir(parents=True)
    assert Volume(volume.path).repositories() == ["a", "a/b-c", "a/b/c", "b"]


def test_manifests_are_the_revisions_and_what_tags_point_at(volume):
    one, two = volume.image("a", "v1", "v2"), volume.image("a", layers=[b"other"])
    lost = volume.image("a", "v3", layers=[b"third"])
    (volume.root / "repositories/a/_manifests/revisions/sha256" / lost.split(":")[1] / "link").unlink()
    found = Volume(volume.path)
    assert found.manifests("a") == sorted([one, two, lost])
    assert found.tags("a") == {"v1": one, "v2": one, "v3": lost}
    assert len(found.layers("a")) == 4


def test_what_was_deleted_leaves_directories_without_links(volume):
    one = volume.image("a", "v1")
    for link in (volume.root / "repositories/a").rglob("link"):
        link.unlink()
    found = Volume(volume.path)
    assert (found.manifests("a"), found.tags("a"), found.layers("a")) == ([], {}, [])
    assert found.content(one) == volume.data(one)


@pytest.mark.parametrize(
    "text", ["", "sha256:../../../etc/passwd", "sha256:" + "0" * 63, "md5:" + "0" * 32, "x" * 9999]
)
def test_a_link_that_is_no_digest_is_none(volume, text):
    volume.link("a", "_manifests", "tags", "v1", "current", digest=text)
    assert Volume(volume.path).tags("a") == {}


def test_a_repository_that_leads_out_of_the_volume_is_none(volume, tmp_path):
    (tmp_path / "elsewhere" / "_manifests").mkdir(parents=True)
    (volume.root / "repositories" / "elsewhere").symlink_to(tmp_path / "elsewhere")
    assert Volume(volume.path).repositories() == []


@pytest.mark.parametrize("place", ["", "docker/registry", "docker/registry/v2"])
def test_the_volume_may_be_named_at_any_of_its_levels(volume, place):
    volume.image("a", "v1")
    assert Volume(volume.path / place).repositories() == ["a"]


def test_what_is_no_volume_is_an_error_that_says_what_to_give(tmp_path):
    with pytest.raises(NoVolumeError, match="/var/lib/registry"):
        Volume(tmp_path)
