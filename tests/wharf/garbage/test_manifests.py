"""Manifests are kept for a tag, an index or a subject, and go for a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.garbage.manifests import judge
from wharf.garbage.plan import Horizon, Kind, Reason, Verdict
from wharf.garbage.timeline import Timeline
from wharf.metadata.inventory import StoredManifest

NOW = 1_800_000_000.0
DAY = 86400.0
OLD = NOW - 1.5 * DAY


def stored(digest, touched=OLD, **fields):
    return StoredManifest(0, digest, 1, touched, **fields)


def decide(*manifests, active=False, delete_untagged=True):
    horizon = Horizon(Timeline(NOW), DAY, delete_untagged=delete_untagged)
    return {one.digest: one for one in judge(manifests, "team/app", horizon, active=active)}


def reasons(*manifests, **options):
    return {digest: one.reason for digest, one in decide(*manifests, **options).items()}


def test_a_tag_keeps_its_manifest_and_the_message_names_it():
    one = decide(stored("a", tags=("v1",)))["a"]
    assert (one.kind, one.verdict, one.reason, one.repository) == (
        Kind.MANIFEST, Verdict.KEEP, Reason.TAGGED, "team/app",
    )  # fmt: skip
    assert one.message == "tagged v1"
    assert decide(stored("a", tags=("1", "2", "3", "4", "5")))["a"].message == "tagged 1, 2, 3 and 2 more"


def test_untagged_manifests_stay_or_go_by_the_policy():
    assert reasons(stored("a"), delete_untagged=False) == {"a": Reason.UNTAGGED_KEPT}
    gone = decide(stored("a"))["a"]
    assert (gone.verdict, gone.message) == (Verdict.DELETE, "untagged, and last in use 1 day ago")


def test_the_children_of_a_kept_index_stay_down_to_the_last():
    index = stored("i", tags=("v1",), children=("n", "absent"))
    nested = stored("n", children=("c",))
    assert reasons(index, nested, stored("c")) == {"i": Reason.TAGGED, "n": Reason.CHILD, "c": Reason.CHILD}
    assert decide(index, nested, stored("c"))["c"].message == "child of n"


def test_the_referrers_of_a_kept_subject_stay():
    image = stored("a", tags=("v1",))
    signature = stored("s", subject="a")
    assert reasons(image, signature, stored("t", subject="s")) == {
        "a": Reason.TAGGED,
        "s": Reason.REFERRER,
        "t": Reason.REFERRER,
    }


def test_what_belonged_to_something_that_was_deleted_goes_whatever_the_policy():
    signature = stored("s", subject="gone", orphaned=True)
    for delete_untagged in (False, True):
        one = decide(signature, delete_untagged=delete_untagged)["s"]
        assert (one.verdict, one.reason) == (Verdict.DELETE, Reason.ORPHANED)


def test_an_orphan_that_something_else_keeps_stays():
    orphan = stored("c", orphaned=True)
    index = stored("i", children=("c",))
    assert reasons(index, orphan, delete_untagged=False) == {"i": Reason.UNTAGGED_KEPT, "c": Reason.CHILD}
    assert reasons(stored("i", tags=("v",), children=("c",)), orphan) == {"i": Reason.TAGGED, "c": Reason.CHILD}


def test_a_signature_that_came_before_its_subject_is_not_an_orphan():
    assert reasons(stored("s", subject="to come"), delete_untagged=False) == {"s": Reason.UNTAGGED_KEPT}


def test_nothing_goes_before_its_time_nor_what_that_keeps():
    index = stored("i", touched=NOW - DAY + 7200, children=("c",))
    one = decide(index, stored("c"))
    assert (one["i"].reason, one["c"].reason) == (Reason.YOUNG, Reason.CHILD)
    assert one["i"].message == "untagged; stays for another 2 hours"
    orphan = decide(stored("s", touched=NOW, orphaned=True))["s"]
    assert orphan.message == "its index or subject was deleted; stays for another 1 day"


def test_while_a_push_is_under_way_what_it_may_count_on_stays_but_not_for_ever():
    assert reasons(stored("a"), active=True) == {"a": Reason.PUSH}
    assert reasons(stored("a", touched=NOW - 3 * DAY), active=True) == {"a": Reason.UNTAGGED}


def test_a_ring_of_manifests_that_nothing_keeps_goes():
    ring = (stored("c"), stored("i", children=("c",)), stored("r", subject="c", children=("i",)))
    assert {one.verdict for one in decide(*ring).values()} == {Verdict.DELETE}


DIGESTS = "abcdefgh"


@st.composite
def repositories(draw):
    names = draw(st.lists(st.sampled_from(DIGESTS), unique=True))
    return [
        stored(
            name,
            touched=draw(st.sampled_from([NOW, OLD, NOW - 9 * DAY])),
            orphaned=draw(st.booleans()),
            subject=draw(st.sampled_from(["", *DIGESTS])),
            children=tuple(draw(st.lists(st.sampled_from(DIGESTS), max_size=3, unique=True))),
            tags=draw(st.sampled_from([(), (), ("v1",)])),
        )
        for name in sorted(names)
    ]


@given(repositories(), st.booleans(), st.booleans())
def test_whatever_is_kept_keeps_what_belongs_to_it(manifests, active, delete_untagged):
    found = decide(*manifests, active=active, delete_untagged=delete_untagged)
    assert list(found) == [each.digest for each in manifests]
    kept = {digest for digest, one in found.items() if one.verdict is Verdict.KEEP}
    for each in manifests:
        if each.tags or each.touched == NOW or (not delete_untagged and not each.orphaned):
            assert each.digest in kept
        if each.digest in kept:
            assert {child for child in each.children if child in found} <= kept
        if each.subject in kept:
            assert each.digest in kept


@given(repositories())
def test_a_stricter_policy_and_a_quiet_repository_keep_nothing_more(manifests):
    def kept(**options):
        return {d for d, one in decide(*manifests, **options).items() if one.verdict is Verdict.KEEP}

    assert kept() <= kept(active=True)
    assert kept() <= kept(delete_untagged=False)


@pytest.mark.parametrize("size", [20_000])
def test_a_long_chain_is_no_deep_recursion(size):
    chain = [stored(f"{n:06}", children=(f"{n + 1:06}",), tags=("v",) if n == 0 else ()) for n in range(size)]
    assert all(one.verdict is Verdict.KEEP for one in decide(*chain).values())
