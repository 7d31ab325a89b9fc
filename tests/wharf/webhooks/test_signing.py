"""The standardwebhooks package, which others wrote, verifies what we sign."""

import base64

import pytest
import standardwebhooks

from wharf import clock
from wharf.webhook_settings import SigningSecret
from wharf.webhooks.signing import Signer, SigningError

BODY = b'{"events": []}'


def secret(letter: bytes) -> str:
    return f"whsec_{base64.b64encode(letter * 32).decode()}"


OLD, NEW = secret(b"o"), secret(b"n")


def signed(*secrets, now=None):
    return dict(Signer(secrets).headers("event-1", BODY, clock.now() if now is None else now))


def verify(text, headers, body=BODY):
    return standardwebhooks.Webhook(text).verify(body, headers)


def test_a_receiver_verifies_the_signature():
    headers = signed(SigningSecret(secret=NEW))
    assert headers["webhook-id"] == "event-1"
    assert verify(NEW, headers) == {"events": []}


@pytest.mark.parametrize("change", ["webhook-id", "webhook-timestamp", "body", "secret"])
def test_a_receiver_finds_whatever_was_changed_on_the_way(change):
    headers = signed(SigningSecret(secret=NEW))
    headers |= {"webhook-id": "event-2"} if change == "webhook-id" else {}
    headers |= {"webhook-timestamp": str(int(clock.now()) - 7)} if change == "webhook-timestamp" else {}
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verify(OLD if change == "secret" else NEW, headers, b"{}" if change == "body" else BODY)


def test_while_two_secrets_overlap_a_receiver_may_know_either():
    headers = signed(SigningSecret(secret=NEW), SigningSecret(secret=OLD, until="2999-01-01T00:00:00Z"))
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify(NEW, headers) == verify(OLD, headers) == {"events": []}


def test_a_secret_ends_at_its_time_though_the_configuration_still_has_it():
    keys = SigningSecret(secret=NEW), SigningSecret(secret=OLD, until="2027-01-15T08:00:00Z")
    end = 1_800_000_000.0
    assert len(signed(*keys, now=end - 0.1)["webhook-signature"].split(" ")) == 2
    assert len(signed(*keys, now=end)["webhook-signature"].split(" ")) == 1


def test_when_every_secret_has_ended_nothing_is_sent_unsigned():
    with pytest.raises(SigningError, match="every signing secret has ended"):
        signed(SigningSecret(secret=OLD, until="2020-01-01T00:00:00Z"))


def test_without_secrets_there_is_no_signature():
    assert signed() == {}


@pytest.mark.parametrize(
    ("text", "until"),
    [("", ""), ("geheim", ""), ("whsec_", ""), ("whsec_$", ""), (NEW[6:], ""), (NEW, "soon"),
     (f"whsec_{base64.b64encode(b'short-secret').decode()}", "")],
)  # fmt: skip
def test_what_is_no_secret_is_refused_without_telling_it(text, until):
    with pytest.raises(SigningError) as caught:
        signed(SigningSecret(secret=text, until=until))
    assert text.removeprefix("whsec_") == "" or text not in str(caught.value)
