"""Docker Hub's tag API."""

import hashlib
import json

import pytest

HERE = "/v2/repositories/team/app/tags/"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


@pytest.fixture(scope="module")
def filled(start_once):
    rules = [{"repositories": ["team/**"], "users": ["alice"], "actions": ["pull", "push", "delete"]}]
    registry = start_once(auth=start_once.users(alice="one", bob="two"), access=rules)
    for tag in ("v1", "v2", "v3"):
        registry.push_image("team/app", tag, layers=(tag.encode() * 100,), user="alice:one")
    return registry


def get(registry, path, user="alice:one", **headers):
    return registry.request("GET", path, user=user, **headers)


def test_a_page_has_a_count_its_neighbours_and_results(filled):
    answer = get(filled, HERE + "?page_size=2", Host="registry.example")
    page = answer.json()
    assert (page["count"], page["previous"]) == (3, None)
    assert page["next"] == "http://registry.example/v2/repositories/team/app/tags/?page=2&page_size=2"
    assert [one["name"] for one in page["results"]] == ["v3", "v2"]
    last = get(filled, HERE + "?page=2&page_size=2").json()
    assert (last["next"], [one["name"] for one in last["results"]]) == (None, ["v1"])
    assert last["previous"].endswith("?page=1&page_size=2")


def test_a_result_says_what_the_tag_is(filled):
    head = get(filled, "/v2/team/app/manifests/v1")
    (found,) = get(filled, HERE + "?name=v1").json()["results"]
    assert found["digest"] == head.headers["Docker-Content-Digest"]
    assert found["full_size"] == 202
    assert found["last_updated"].endswith("Z")
    assert found["media_type"] == IMAGE
    assert found["images"][0]["digest"] == found["digest"]
    assert get(filled, HERE + "v1/").json() == get(filled, HERE + "v1").json() == found


def test_an_index_lists_its_images_with_their_platforms(filled):
    children = []
    for architecture in ("amd64", "arm64"):
        answer, _ = filled.push_image("team/app", "", layers=(architecture.encode(),), user="alice:one")
        digest = answer.headers["Docker-Content-Digest"]
        platform = {"os": "linux", "architecture": architecture}
        children.append({"mediaType": IMAGE, "digest": digest, "size": 1, "platform": platform})
    content = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children}).encode()
    filled.request("PUT", "/v2/team/app/manifests/multi", content, user="alice:one", Content_Type=INDEX)
    found = get(filled, HERE + "multi").json()
    assert [(one["os"], one["architecture"], one["size"]) for one in found["images"]] == [
        ("linux", "amd64", 7),
        ("linux", "arm64", 7),
    ]
    filled.request("DELETE", "/v2/team/app/manifests/multi", user="alice:one")


def test_an_image_names_its_platform_by_its_configuration(start):
    registry = start()
    config = b'{"architecture": "riscv64", "os": "linux"}'
    registry.push_blob("a", config)
    digest = "sha256:" + hashlib.sha256(config).hexdigest()
    content = {"schemaVersion": 2, "config": {"mediaType": "x/y", "digest": digest, "size": len(config)}, "layers": []}
    registry.request("PUT", "/v2/a/manifests/v1", json.dumps(content).encode(), Content_Type=IMAGE)
    assert (
        get(registry, "/v2/repositories/a/tags", user=None).json()["results"][0]["images"][0]["architecture"]
        == "riscv64"
    )


def test_nobody_sees_tags_of_what_they_may_not_see(filled):
    assert get(filled, HERE, user="bob:two").status == 403
    assert get(filled, HERE, user=None).status == 401
    assert get(filled, HERE + "v1", user="bob:two").status == 403


@pytest.mark.parametrize("query", ["page=0", "page=x", "page_size=-1", "page_size=0"])
def test_a_page_that_is_none_is_refused(filled, query):
    assert get(filled, f"{HERE}?{query}").status == 400


def test_unknown_names_are_unknown(filled):
    assert get(filled, "/v2/repositories/team/none/tags/").code() == "NAME_UNKNOWN"
    assert get(filled, HERE + "none").code() == "MANIFEST_UNKNOWN"
    assert get(filled, HERE + "?page=99").json()["results"] == []
    assert get(filled, HERE + "?ordering=name").json()["results"][0]["name"] == "v1"


def test_the_specifications_own_paths_come_first(filled):
    assert get(filled, "/v2/repositories/team/app/tags/list").status == 403  # of the repository `repositories/team/app`
