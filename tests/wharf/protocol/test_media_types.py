"""Media types: parameters, grammar, and the sets that give them a meaning."""

import pytest

from wharf.protocol import media_types


def test_parameters_and_case_of_a_content_type_do_not_matter():
    assert media_types.without_parameters("Application/JSON; charset=utf-8") == "application/json"


def test_each_type_has_one_way_to_be_read():
    sets = [media_types.IMAGES, media_types.INDEXES, media_types.ARTIFACTS, media_types.SCHEMA1]
    assert sum(map(len, sets)) == len(frozenset().union(*sets))


def test_layers_that_stay_elsewhere_are_known_by_their_type():
    assert media_types.is_non_distributable("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
    assert media_types.is_non_distributable("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")
    assert not media_types.is_non_distributable("application/vnd.oci.image.layer.v1.tar+gzip")


@pytest.mark.parametrize("text", ["", "text", "a/b/c", "a/b\r\nX: y", "a/ b", "ä/b"])
def test_what_could_not_stand_in_a_header_is_no_media_type(text):
    assert not media_types.is_media_type(text)
