"""CAs of others, in a ConfigMap or a Secret."""

import base64
import datetime as dt

import pytest

from wharfinger.api.ca_source import CaSource
from wharfinger.decide.ca_source import Found, look
from wharfinger.decide.mint import SystemMint
from wharfinger.decide.observed import Observed
from wharfinger.decide.x509 import Term, authority

PEM = authority("CA", SystemMint().key(), Term(1, dt.datetime(2026, 3, 1, tzinfo=dt.UTC), dt.timedelta(days=1)))
IN_SECRET = {"data": {"root.pem": base64.b64encode(PEM.encode()).decode()}}


def test_they_are_found_in_a_config_map_or_a_secret():
    here = Observed(config_maps={"a": {"data": {"ca.crt": PEM}}}, secrets={"b": IN_SECRET})
    assert look(CaSource(config_map_name="a"), here) == Found("ConfigMap 'a'", there=True, pem=PEM)
    assert look(CaSource(secret_name="b", key="root.pem"), here) == Found("Secret 'b'", there=True, pem=PEM)
    assert look(CaSource(secret_name="b"), here) == Found("Secret 'b'", there=True, pem="")


@pytest.mark.parametrize("live", [{}, {"data": None}, {"data": {"ca.crt": "nonsense"}}])
def test_what_is_no_certificate_counts_for_nothing(live):
    assert look(CaSource(config_map_name="a"), Observed(config_maps={"a": live})).pem == ""


def test_what_is_not_there_is_not_there():
    assert look(CaSource(config_map_name="a"), Observed()) == Found("ConfigMap 'a'", there=False, pem="")
