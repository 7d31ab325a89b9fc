"""What is stored is listed whole, piece by piece."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wharf.blobs.listing import Stored
from wharf.garbage.contents import ended, judge, judge_unknown
from wharf.garbage.plan import Horizon, Reason, Verdict
from wharf.garbage.timeline import Timeline
from wharf.metadata.inventory import Content, Hold

NOW = 1_800_000_000.0
DAY = 86400.0
OLD = NOW - 1.5 * DAY
HORIZON = Horizon(Timeline(NOW), DAY)


def content(touched=OLD, manifests=0, leaving=0, **holds):
    return Content("sha256:1", 5, touched, manifests, leaving, tuple(Hold(*each) for each in holds.items()))


@pytest.mark.parametrize(
    ("found", "active", "verdict", "message"),
    [
        (content(manifests=1), "", Verdict.KEEP, "named by 1 manifest"),
        (content(manifests=2, a=NOW), "", Verdict.KEEP, "named by 2 manifests"),
        (
            content(manifests=2, a=OLD, b=OLD, c=NOW),
            "",
            Verdict.RELEASE,
            "named by 2 manifests; 2 repositories without use for it let go of it",
        ),
        (content(manifests=1, a=OLD), "a", Verdict.KEEP, "named by 1 manifest"),
        (content(manifests=3, leaving=2), "", Verdict.KEEP, "named by 1 manifest"),
        (
            content(manifests=2, leaving=2),
            "",
            Verdict.KEEP,
            "named only by manifests that go; a later sweep looks again",
        ),
        (
            content(a=NOW - DAY + 7200),
            "",
            Verdict.KEEP,
            "named by no manifest, but a push may count on it for another 2 hours",
        ),
        (content(a=OLD), "a", Verdict.KEEP, "named by no manifest, but a push is under way in a"),
        (
            content(a=OLD, b=OLD),
            "a",
            Verdict.RELEASE,
            "named by no manifest, but a push is under way in a; 1 repository without use for it let go of it",
        ),
        (content(a=NOW - 9 * DAY), "a", Verdict.DELETE, "named by no manifest, and last in use 1 day ago"),
        (content(a=OLD), "b", Verdict.DELETE, "named by no manifest, and last in use 1 day ago"),
        (content(touched=NOW - 9 * DAY), "", Verdict.DELETE, "named by no manifest, and last in use 9 days ago"),
        (
            content(touched=NOW),
            "",
            Verdict.KEEP,
            "named by no manifest, but a push may count on it for another 1 day",
        ),
    ],
)
def test_content_goes_only_when_nothing_names_it_and_nobody_may_count_on_it(found, active, verdict, message):
    decision = judge(found, HORIZON, set(active))
    assert (decision.verdict, decision.message, decision.size) == (verdict, message, 5)


def test_content_that_the_index_does_not_know_gets_its_time_too():
    young = judge_unknown(Stored("sha256:1", 5, NOW - 90), HORIZON)
    assert (young.verdict, young.message) == (
        Verdict.KEEP, "stored 1 minute ago, and the index does not know it; stays for another 23 hours",
    )  # fmt: skip
    old = judge_unknown(Stored("sha256:1", 5, NOW - 3 * DAY), HORIZON)
    assert (old.verdict, old.reason) == (Verdict.DELETE, Reason.UNKNOWN)
    assert old.message == "stored 3 days ago, and the index does not know it"


def test_a_new_index_beside_old_content_is_given_time_to_be_replaced_by_the_right_one():
    horizon = Horizon(Timeline(NOW, (), NOW - 3600), DAY)
    one = judge_unknown(Stored("sha256:1", 5, NOW - 300 * DAY), horizon)
    assert (one.verdict, one.message) == (
        Verdict.KEEP, "stored 300 days ago, and the index does not know it; stays for another 23 hours",
    )  # fmt: skip


TIMES = st.sampled_from([NOW + 50, NOW, NOW - 700, NOW - DAY, OLD, NOW - 3 * DAY, NOW - 9 * DAY])
NAMES = st.sampled_from("abc")
CONTENTS = st.builds(
    content,
    touched=TIMES,
    manifests=st.integers(0, 2),
    a=TIMES,
    b=TIMES,
)


@given(CONTENTS, st.sets(NAMES))
def test_nothing_goes_that_is_named_or_young_or_that_a_push_may_count_on(found, active):
    one = judge(found, HORIZON, active)
    gone = ended(found, HORIZON, active)
    if one.verdict is Verdict.DELETE:
        assert found.manifests == 0
        assert found.touched < NOW - DAY
        assert gone == list(found.unbacked)
    for hold in gone:
        assert hold.touched < NOW - DAY
        assert hold.repository not in active or hold.touched < NOW - 2 * DAY
    assert (one.verdict is Verdict.RELEASE) <= bool(gone)


@given(CONTENTS, st.sets(NAMES), NAMES)
def test_a_further_push_never_makes_anything_go(found, active, further):
    if judge(found, HORIZON, active).verdict is not Verdict.DELETE:
        assert judge(found, HORIZON, active | {further}).verdict is not Verdict.DELETE
