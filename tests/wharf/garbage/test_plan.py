import pytest

from wharf.blobs.listing import Stored
from wharf.garbage.plan import Verdict, judge, judge_unknown
from wharf.metadata.inventory import Content

NOW = 1_800_000_000.0
DAY = 86400.0


def content(manifests=0, unbacked=0, oldest=NOW, newest=NOW):
    return Content("sha256:1", 5, manifests, unbacked, oldest, newest)


@pytest.mark.parametrize(
    ("found", "verdict", "reason"),
    [
        (content(manifests=1, newest=0.0), Verdict.KEEP, "named by 1 manifest"),
        (content(manifests=2, unbacked=1), Verdict.KEEP, "named by 2 manifests"),
        (
            content(manifests=2, unbacked=1, oldest=NOW - 2 * DAY),
            Verdict.RELEASE,
            "named by 2 manifests, but not in every repository that holds it",
        ),
        (
            content(newest=NOW - 7200, oldest=0.0, unbacked=1),
            Verdict.KEEP,
            "named by no manifest, but in use 2 hours ago: a push may count on it",
        ),
        (
            content(newest=NOW - DAY, unbacked=1),
            Verdict.KEEP,
            "named by no manifest, but in use 1 day ago: a push may count on it",
        ),
        (
            content(newest=NOW - DAY - 1, unbacked=1),
            Verdict.DELETE,
            "named by no manifest, and last in use 1 day ago",
        ),
        (content(newest=NOW + 60), Verdict.KEEP, "named by no manifest, but in use just now: a push may count on it"),
    ],
)
def test_content_goes_only_when_nothing_names_it_and_nobody_used_it_lately(found, verdict, reason):
    decision = judge(found, NOW, DAY)
    assert (decision.verdict, decision.reason, decision.size) == (verdict, reason, 5)


def test_content_that_the_index_does_not_know_gets_its_time_too():
    young = judge_unknown(Stored("sha256:1", 5, NOW - 90), NOW, DAY)
    assert (young.verdict, young.reason) == (Verdict.KEEP, "stored 1 minute ago and not in the index yet")
    old = judge_unknown(Stored("sha256:1", 5, NOW - 3 * DAY), NOW, DAY)
    assert (old.verdict, old.reason) == (Verdict.DELETE, "stored 3 days ago and not in the index")
