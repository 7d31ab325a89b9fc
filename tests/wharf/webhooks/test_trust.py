"""A context trusts whom the webhook names, and refuses what cannot be used without telling it."""

import ssl

import pytest

from wharf.webhooks.trust import TrustError, context


def test_by_default_the_context_is_the_one_that_all_share(hook):
    assert context(hook("https://x")) is context(hook("https://y"))


def test_names_are_verified_whoever_is_trusted(hook, pair):
    made = context(hook("https://x", ca=pair.certificate))
    assert (made.verify_mode, made.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert made.minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"ca": "not PEM"}, "`ca` is not PEM"),
        ({"client_certificate": "geheim", "client_key": "geheim"}, "`clientCertificate` and `clientKey`"),
    ],
)
def test_what_is_not_pem_is_named_and_not_told(hook, fields, said):
    with pytest.raises(TrustError) as caught:
        context(hook("https://x", **fields))
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value)
