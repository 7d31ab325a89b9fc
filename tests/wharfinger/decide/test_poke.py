"""Pods that have not seen the newest files are poked, no others."""

from wharfinger.decide.observed import FileReport, Observed, Replica, Report
from wharfinger.decide.poke import pokes
from wharfinger.decide.replicas import CONFIGURATION, HTPASSWD, sha256

FILES = ((CONFIGURATION, "config"), (HTPASSWD, "users"))


def replica(name, configuration="config", users="users", error=""):
    files = FileReport(sha256(configuration), error), FileReport(sha256(users)), FileReport("")
    return Replica({"metadata": {"name": name}}, Report("1", *files, 0, 0, 0, read_only=False, webhooks={}))


def test_a_pod_with_an_older_file_is_poked():
    observed = Observed(replicas=(replica("b", users="old"), replica("a", configuration="old"), replica("c")))
    assert pokes(observed, FILES) == ("a", "b")


def test_a_pod_that_refused_the_newest_file_has_seen_it():
    assert pokes(Observed(replicas=(replica("a", "old", error="bad"),)), FILES) == ()


def test_a_pod_that_could_not_be_asked_is_left_alone():
    assert pokes(Observed(replicas=(Replica({"metadata": {"name": "a"}}, None),)), FILES) == ()
