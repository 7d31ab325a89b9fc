"""Secret WEBHOOK-signing."""

from wharfinger.children.signing import signing


def test_the_secret_is_as_written_down(owner, golden):
    notes = {"wharfinger.dev/rotation": "1", "wharfinger.dev/signing-source": ""}
    previous = [("whsec_old", "2027-01-31T12:00:00Z")]
    golden("signing", signing(owner, "deploy", secret="whsec_new", previous=previous, notes=notes))


def test_without_a_replaced_secret_there_is_one_value(owner):
    assert list(signing(owner, "deploy", secret="whsec_new", previous=[], notes={})["data"]) == ["secret"]
