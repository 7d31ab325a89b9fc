"""Live is what every wanted replica reports."""

import hashlib

import pytest

from wharfinger.decide.observed import FileReport, Observed, Replica, Report
from wharfinger.decide.replicas import CERTIFICATE, CONFIGURATION, HTPASSWD, active, pod_name, sha256, unloaded

NEW = sha256("new")


def replica(name="p0", digest=NEW, error="", *, asked=True, **pod):
    file = FileReport(digest, error)
    report = Report("1", file, file, file, 0, 0, 0, read_only=False, webhooks={})
    return Replica({"metadata": {"name": name}, **pod}, report if asked else None)


def trouble(*replicas, wanted=1, mounted=CONFIGURATION):
    found = unloaded(Observed(replicas=replicas), wanted, mounted, NEW)
    return found and (str(found.reason), found.message)


def test_nothing_is_missing_when_every_replica_has_it():
    assert trouble(replica(), replica("p1"), wanted=2) is None


def test_nothing_is_missing_when_nothing_is_to_run():
    assert trouble(wanted=0) is None


@pytest.mark.parametrize(
    ("mounted", "pending", "rejected"),
    [
        (CONFIGURATION, "ConfigurationPending", "ConfigurationRejected"),
        (HTPASSWD, "CredentialsPending", "CredentialsRejected"),
        (CERTIFICATE, "CertificatePending", "CertificateRejected"),
    ],
)
def test_each_file_has_its_own_words(mounted, pending, rejected):
    assert trouble(mounted=mounted) == (pending, "no replica runs yet: see WorkloadReady")
    assert trouble(replica(digest="old"), mounted=mounted)[0] == pending
    assert trouble(replica(digest="old", error="bad line 3"), mounted=mounted)[0] == rejected


def test_one_replica_behind_is_named():
    assert "p1" in trouble(replica(), replica("p1", "old"), wanted=2)[1]


def test_one_of_two_that_is_missing_is_counted():
    assert trouble(replica(), wanted=2)[1] == "1 of 2 replicas runs so far: see WorkloadReady"


def test_a_rejection_says_why():
    assert "bad line 3" in trouble(replica(digest="old", error="bad line 3"))[1]


def test_a_replica_that_was_not_asked_vouches_for_nothing():
    assert trouble(replica(asked=False))[0] == "ConfigurationPending"


def test_pods_that_go_or_are_over_do_not_count():
    going = replica(metadata={"name": "old", "deletionTimestamp": "now"})
    over = replica("over", status={"phase": "Failed"})
    assert active(Observed(replicas=(going, over))) == ()
    assert trouble(going, over) == ("ConfigurationPending", "no replica runs yet: see WorkloadReady")


def test_the_hash_is_that_of_the_bytes_and_nothing_has_none():
    assert sha256("a\n") == hashlib.sha256(b"a\n").hexdigest()
    assert sha256(None) == ""


def test_a_pod_without_a_name_has_an_empty_one():
    assert pod_name({}) == ""
