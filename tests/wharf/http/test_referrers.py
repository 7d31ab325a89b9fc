"""Referrers: always an index, filtered and paged."""

import json
import re

import pytest

from wharf.http import referrers
from wharf.metadata import reads

INDEX = "application/vnd.oci.image.index.v1+json"
SUBJECT = "sha256:" + "5" * 64
HERE = f"/v2/ref/app/referrers/{SUBJECT}"


def push(registry, number, **fields):
    subject = {"mediaType": INDEX, "digest": SUBJECT, "size": 1}
    annotations = {"n": str(number)}
    document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": subject, "annotations": annotations}
    content = json.dumps(document | fields).encode()
    assert registry.request("PUT", f"/v2/ref/app/manifests/r{number}", content, Content_Type=INDEX).status == 201


@pytest.fixture(scope="module", autouse=True)
def _pushed(registry):
    push(registry, 1, artifactType="application/a")
    push(registry, 2, artifactType="application/b")
    push(registry, 3)


def test_referrers_are_listed_with_type_and_annotations_while_the_subject_is_absent(registry):
    answer = registry.request("GET", HERE)
    assert answer.headers["Content-Type"] == INDEX
    found = {one["annotations"]["n"]: one for one in answer.json()["manifests"]}
    assert set(found) == {"1", "2", "3"}
    assert found["1"]["artifactType"] == "application/a"
    assert "artifactType" not in found["3"]
    assert answer.headers["OCI-Filters-Applied"] is None


def test_a_filter_is_applied_and_said(registry):
    answer = registry.request("GET", HERE + "?artifactType=application/b")
    assert [one["annotations"]["n"] for one in answer.json()["manifests"]] == ["2"]
    assert answer.headers["OCI-Filters-Applied"] == "artifactType"


def test_an_image_without_a_type_has_that_of_its_config(registry):
    digest = "sha256:" + "6" * 64
    registry.push_image("ref/app", "image", subject={"mediaType": INDEX, "digest": digest, "size": 1})
    (found,) = registry.request("GET", f"/v2/ref/app/referrers/{digest}").json()["manifests"]
    assert found["artifactType"] == "application/x"


@pytest.mark.parametrize("repository", ["ref/app", "no/such"])
def test_none_is_an_empty_index_never_404(registry, repository):
    answer = registry.request("GET", f"/v2/{repository}/referrers/sha256:{'9' * 64}")
    assert answer.json() == {"schemaVersion": 2, "mediaType": INDEX, "manifests": []}


def test_what_is_no_digest_is_400(registry):
    assert registry.request("GET", "/v2/ref/app/referrers/latest").status == 400


@pytest.mark.parametrize("limit", [1, 10**9])
def test_pages_follow_each_other_whether_cut_by_bytes_or_by_number(registry, monkeypatch, limit):
    monkeypatch.setattr(referrers, "BYTES_LIMIT", limit)
    path, seen = HERE + "?n=1", []
    while path:
        answer = registry.request("GET", path)
        seen += [one["annotations"]["n"] for one in answer.json()["manifests"]]
        link = answer.headers["Link"]
        path = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1] if link else None
    assert sorted(seen) == ["1", "2", "3"]


def test_of_megabytes_of_annotations_no_more_is_read_than_a_page_can_hold(start, monkeypatch):
    registry = start()
    digests = set()
    for number in range(6):
        push(registry, number, annotations={"n": str(number), "a": "x" * 2_000_000})
    read = []
    original = reads.annotations_from
    monkeypatch.setattr(reads, "annotations_from", lambda text: read.append(len(text)) or original(text))
    path = HERE
    while path:
        answer = registry.request("GET", path)
        assert len(answer.body) < 4 << 20
        assert sum(read) < 6 << 20
        read.clear()
        digests.update(one["digest"] for one in answer.json()["manifests"])
        link = answer.headers["Link"]
        path = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1] if link else None
    assert len(digests) == 6
