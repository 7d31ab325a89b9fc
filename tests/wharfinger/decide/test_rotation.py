"""The CA is replaced without a client that fails: one that reads the bundle once, one that reads it daily."""

import base64
import datetime as dt

import pytest
from cryptography import x509 as crypto
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from wharfinger.children.ca import TRUSTED_UNTIL
from wharfinger.decide import x509

DAY = dt.timedelta(days=1)
SPEC = {"validity": "720h", "caValidity": "2160h"}  # 30 and 90 days


def start(world, **settings):
    here = world({"tls": {"selfSigned": {**SPEC, **settings}}})
    here.settle()
    return here


def bundle(here):
    """What a client reads."""
    return here.child("ConfigMap", "team-ca")["data"]["ca.crt"]


def trusts(here, roots):
    """Whether a client that trusts only these certificates accepts what is served, as webpki has it."""
    served = crypto.load_pem_x509_certificates(here.data("team-tls", "tls.crt").encode())
    store = Store(crypto.load_pem_x509_certificates(roots.encode()))
    client = PolicyBuilder().store(store).time(here.now).build_server_verifier(crypto.DNSName("team.ci.svc"))
    try:
        client.verify(served[0], served[1:])
    except VerificationError:
        return False
    return True


def progress(here):
    here.settle()
    return here.registry["status"]["certificate"].get("caRotation")


def rotate(here, text="2", **settings):
    here.edit(tls={"selfSigned": {**SPEC, "rotation": text, **settings}})
    here.settle()


def told(here, reason):
    return [event.partition(": ")[2] for event in here.events if f" {reason}: " in event]


@pytest.mark.parametrize("by_hand", [True, False], ids=["by hand", "by age"])
def test_a_new_authority_is_published_before_it_signs(world, by_hand):
    here = start(world)
    old = bundle(here)
    if by_hand:
        rotate(here)
    else:
        here.now = x509.certificate(old).renews_at
        here.settle()
    assert bundle(here).startswith(old)
    assert bundle(here) == here.data("team-tls", "ca.crt")
    assert len(x509.split(bundle(here))) == 2
    assert x509.certificate(here.data("team-tls", "tls.crt")).signed_by(x509.certificate(old))
    due = here.now + DAY
    assert progress(here) == {"phase": "Publishing", "nextStepAt": due.strftime("%Y-%m-%dT%H:%M:%SZ")}
    assert here.settle().requeue_after == DAY.total_seconds()
    assert "have clients read the bundle by then" in here.condition("CertificateReady")[2]
    assert here.condition("Ready")[0] == "True"
    here.now = due
    assert progress(here)["phase"] == "Retiring"
    assert not x509.certificate(here.data("team-tls", "tls.crt")).signed_by(x509.certificate(old))
    assert "signs from now on" in told(here, "CaSwitched")[-1]


def test_no_client_fails_in_the_life_of_three_authorities(world):
    here = start(world)
    read_once = [(here.now, bundle(here))]
    daily = bundle(here)
    for _ in range(2 * 90):
        here.now += DAY
        here.settle()
        assert here.condition("Ready")[0] == "True"
        assert trusts(here, bundle(here)), here.now
        assert trusts(here, daily), here.now
        for read, roots in read_once:  # as long as its CA is trusted at all
            if any(pem in bundle(here) for pem in x509.split(roots)):
                assert trusts(here, roots), f"read at {read}, now {here.now}"
        if bundle(here) != daily:
            read_once.append((here.now, bundle(here)))
        daily = bundle(here)
    assert len(told(here, "CaSwitched")) >= 2


def test_the_old_authority_goes_when_the_last_certificate_that_it_signed_has_ended(world):
    here = start(world)
    old = bundle(here)
    last = x509.certificate(here.data("team-tls", "tls.crt"))
    rotate(here)
    here.now += DAY
    assert progress(here) == {"phase": "Retiring", "nextStepAt": last.not_after.strftime("%Y-%m-%dT%H:%M:%SZ")}
    here.now = last.not_after - dt.timedelta(seconds=1)
    here.settle()
    assert trusts(here, old)
    here.now = last.not_after
    assert progress(here) is None
    assert old not in bundle(here)
    assert len(x509.split(here.data("team-tls", "tls.crt"))) == 1
    assert set(here.child("Secret", "team-ca")["data"]) == {"tls.crt", "tls.key"}


def test_no_overlap_cuts_at_once(world):
    here = start(world)
    old = bundle(here)
    rotate(here, rotationOverlap="0s")
    assert progress(here) is None
    assert not trusts(here, old)
    assert trusts(here, bundle(here))
    assert len(x509.split(bundle(here))) == 1
    assert "trusted no longer" in told(here, "CaSwitched")[-1]


def test_another_rotation_text_is_acted_on_once(world):
    here = start(world)
    rotate(here)
    published = bundle(here)
    rotate(here, "3")  # the one under way will do
    assert bundle(here) == published
    here.now += DAY
    here.settle()
    rotate(here, "3")
    rotate(here, "")
    assert progress(here)["phase"] == "Retiring"


def test_two_rotations_in_a_row_leave_both_old_authorities_trusted(world):
    here = start(world)
    first = bundle(here)
    rotate(here)
    here.now += DAY
    here.settle()
    second = here.data("team-ca", "tls.crt")
    rotate(here, "3")
    here.now += DAY
    here.settle()
    assert len(x509.split(bundle(here))) == 3
    assert trusts(here, second)
    assert first in bundle(here)


def test_nothing_signs_before_its_publication_was_seen(world):
    here = start(world)
    old = bundle(here)
    rotate(here)
    here.now += DAY
    live = here.child("ConfigMap", "team-ca")
    here.put(live | {"data": {"ca.crt": old}})  # a write that was refused, say
    plan = here.step()
    assert x509.certificate(here.data("team-tls", "tls.crt")).signed_by(x509.certificate(old))
    assert plan.requeue_after is not None
    assert plan.requeue_after <= 1
    here.now += dt.timedelta(seconds=1)
    assert progress(here)["phase"] == "Retiring"


def test_a_short_lived_authority_is_replaced_in_half_the_time_that_it_has_left(world):
    here = start(world, validity="1h", caValidity="3h")
    old = x509.certificate(bundle(here))
    here.now = old.renews_at
    here.settle()
    here.now += (old.not_after - here.now) / 2
    assert progress(here)["phase"] == "Retiring"
    assert here.now < old.not_after


@pytest.mark.parametrize("writes", range(5))
@pytest.mark.parametrize("moment", ["published", "switched", "dropped"])
def test_a_crash_after_any_write_of_a_step_is_made_up_for(world, moment, writes):
    here = start(world)
    clients = [bundle(here)]
    if moment == "published":
        here.edit(tls={"selfSigned": {**SPEC, "rotation": "2"}})
    else:
        rotate(here)
        clients.append(bundle(here))
        here.now += DAY
    if moment == "dropped":
        here.settle()
        clients = [here.data("team-ca", "tls.crt")]
        for days in (25, 5):  # the server's certificate is renewed meanwhile
            here.now += days * DAY
            if days == 25:
                here.settle()
    here.step(writes)
    for roots in [*clients, bundle(here)]:
        assert trusts(here, roots), f"after {writes} writes"
    here.settle()
    for roots in [*clients, bundle(here)]:
        assert trusts(here, roots)
    expected = {"published": "Publishing", "switched": "Retiring", "dropped": None}[moment]
    assert (progress(here) or {"phase": None})["phase"] == expected


@pytest.mark.parametrize("times", [None, "nonsense", "[]", '{"x": 1}'])
def test_an_old_authority_without_a_time_is_trusted_while_it_is_valid(world, times):
    here = start(world)
    old = bundle(here)
    rotate(here)
    here.now += DAY
    here.settle()
    live = here.child("Secret", "team-ca")
    annotations = {k: v for k, v in live["metadata"]["annotations"].items() if k != TRUSTED_UNTIL}
    annotations |= {TRUSTED_UNTIL: times} if times else {}
    here.put(live | {"metadata": {**live["metadata"], "annotations": annotations}})
    here.settle()
    assert old in bundle(here)
    here.now = x509.certificate(old).not_after
    here.settle()
    assert old not in bundle(here)


def test_an_authority_that_can_no_longer_be_read_gives_way_to_the_one_to_come(world):
    here = start(world)
    rotate(here)
    upcoming = here.data("team-ca", "next.crt")
    live = here.child("Secret", "team-ca")
    here.put(live | {"data": live["data"] | {"tls.key": base64.b64encode(b"x").decode()}})
    here.settle()
    assert here.data("team-ca", "tls.crt") == upcoming
    assert here.condition("Ready")[0] == "True"


def test_no_key_is_published(world):
    here = start(world)
    rotate(here)
    here.now += DAY
    here.settle()
    assert "PRIVATE" not in bundle(here) + here.data("team-tls", "ca.crt") + here.data("team-tls", "tls.crt")
