"""TLS: validity, names and trust, each with its own remedy."""

from datetime import timedelta
from typing import Any

from tests.kubectl_registry.conftest import registry
from tests.kubectl_registry.doctor.conftest import NOW, outside, shown, well

from kubectl_registry.doctor import certificates
from kubectl_registry.doctor.facts import Facts, Unknown
from kubectl_registry.doctor.findings import Finding, Verdict


def found(facts: Facts) -> list[Finding]:
    return list(certificates.certificate(facts))


def with_way(**changes: Any) -> Facts:
    return well(ways=(outside(**changes),))


def test_a_certificate_that_is_well_says_how_long_still() -> None:
    (finding,) = found(with_way())
    assert finding.verdict is Verdict.OK
    assert "60d" in finding.message


def test_an_expired_one_and_one_of_tomorrow_are_broken() -> None:
    (expired,) = found(with_way(certificate=shown(not_after=NOW - timedelta(days=3))))
    assert "expired 3d ago" in expired.message
    (early,) = found(with_way(certificate=shown(not_before=NOW + timedelta(days=1))))
    assert "is valid from 2026-11-26 12:00 UTC on" in early.message


def test_who_brought_the_certificate_has_to_renew_it() -> None:
    thing = registry()
    thing["spec"] = {"tls": {"issuer": "Secret", "secretName": "mine"}}
    (finding,) = found(well(registry=thing, ways=(outside(certificate=shown(not_after=NOW)),)))
    assert "into Secret mine of namespace ci" in finding.mend[0]


def test_a_name_that_is_lacking_goes_into_the_spec() -> None:
    (finding,) = found(with_way(host_error="Hostname mismatch"))
    assert "not for this name, but for team.ci.svc, registry.example.com" in finding.message
    assert "add registry.example.com to spec.tls.hosts" in finding.mend[0]


def test_an_untrusted_one_names_who_signed_it_and_what_is_published() -> None:
    (finding,) = found(with_way(trust_error="unable to get local issuer certificate"))
    assert "signed by CN=team CA, is not signed by the CA in ConfigMap team-ca" in finding.message


def test_several_ills_of_one_certificate_are_all_told() -> None:
    ill = with_way(certificate=shown(not_after=NOW), trust_error="self-signed", host_error="mismatch")
    assert len(found(ill)) == 3


def test_no_tls_where_there_should_be_is_broken_and_plain_http_is_not_looked_at() -> None:
    (finding,) = found(with_way(certificate=None, tls_error="wrong version number"))
    assert "wrong version number" in finding.message
    thing = registry()
    thing["spec"] = {"tls": {"issuer": "Disabled"}}
    assert found(well(registry=thing))[0].verdict is Verdict.SKIPPED
    assert found(well(ways=()))[0].verdict is Verdict.SKIPPED


def test_clients_here_trust_it_by_a_file_or_by_the_system_or_not_at_all() -> None:
    def trust(**changes: Any) -> Finding:
        (finding,) = certificates.trust_here(with_way(**changes))
        return finding

    assert trust().verdict is Verdict.OK
    assert trust(clients={}, system=True).verdict is Verdict.OK
    stale = trust(clients={"old.crt": False})
    assert "old.crt holds another CA" in stale.message
    assert trust(clients={}).verdict is Verdict.WARNING, "this machine need not be one that pulls"
    (none,) = certificates.trust_here(well(ways=(outside(clients={}),), host_given=True))
    assert none.verdict is Verdict.BROKEN
    assert "no client on this machine trusts" in none.message
    assert any("login team -n ci --host registry.example.com --trust" in way for way in none.mend)


def test_trust_is_not_looked_at_without_a_name_outside_or_a_ca() -> None:
    for facts in (well(ways=()), well(ca=Unknown("you may not"))):
        (finding,) = certificates.trust_here(facts)
        assert finding.verdict is Verdict.SKIPPED
