"""What is put on a shelf is what is found there."""

import pytest

from wharfinger.kube.shelf import Shelf


def test_an_object_is_kept_as_it_was() -> None:
    shelf: Shelf[str] = Shelf()
    pod = {
        "metadata": {"name": "münchen", "labels": {}},
        "spec": {"share": 0.5, "big": 1 << 53, "none": None, "on": True},
    }
    shelf["pod"] = pod
    assert shelf["pod"] == pod
    assert (len(shelf), list(shelf), "pod" in shelf, "other" in shelf) == (1, ["pod"], True, False)
    assert list(shelf.values()) == [pod]
    del shelf["pod"]
    assert not shelf
    with pytest.raises(KeyError):
        shelf["pod"]


def test_whoever_changes_what_they_got_changes_nothing_else() -> None:
    shelf: Shelf[str] = Shelf()
    given = {"metadata": {"name": "team"}}
    shelf["team"] = given
    given["metadata"]["name"] = "changed"
    shelf["team"]["metadata"]["name"] = "changed"
    assert shelf["team"]["metadata"]["name"] == "team"
