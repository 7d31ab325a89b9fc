"""Checks of TLS: handshake, validity, names, and who trusts the certificate.

Rule: pure; of several things that are wrong with one certificate each gets its own finding, as each has its own remedy.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubectl_registry import registries, wording
from kubectl_registry.doctor.facts import Certificate, Facts, Unknown, Way
from kubectl_registry.doctor.findings import Finding, broken, ok, skipped, warning

CHECK = "certificate"


def certificate(facts: Facts) -> Iterator[Finding]:
    """Is the certificate one that clients accept?"""
    if registries.plain_http(facts.registry):
        yield skipped(CHECK, "the spec asks for plain HTTP")
        return
    reached = [way for way in facts.ways if not (way.name_error or way.connect_error or way.not_tried)]
    if not reached:
        yield skipped(CHECK, "there is no connection on which the registry could show it")
    for way in reached:
        yield from _of(facts, way)


def _of(facts: Facts, way: Way) -> Iterator[Finding]:
    host = str(way.address)
    shown = way.certificate
    if shown is None:
        yield broken(
            CHECK,
            f"{host}: no TLS: {way.tls_error or 'no certificate was shown'}",
            "clients that expect HTTPS fail",
            "is there a proxy in front that ends TLS, or another server at this address? See the check `name`",
        )
        return
    problems = [*_time(facts, shown, host), *_trust(facts, way), *_host(facts, way)]
    yield from problems
    if not problems:
        yield ok(
            CHECK,
            f"{host}: valid for {wording.span(shown.not_after - facts.now)} still, for this name, "
            f"and signed by {shown.issuer}",
        )


def _time(facts: Facts, shown: Certificate, host: str) -> Iterator[Finding]:
    issuer = (facts.registry.get("spec") or {}).get("tls", {}).get("issuer", "SelfSigned")
    if issuer == "Secret":
        secret = (facts.registry.get("spec") or {}).get("tls", {}).get("secretName")
        mend = [
            f"put a new certificate and key into Secret {secret} of namespace {facts.namespace}: it is taken up at once"
        ]
    else:
        mend = [
            "the operator renews it by itself: see the checks `operator` and `conditions`",
            f"kubectl describe registry {facts.target}",
        ]
    if shown.not_after <= facts.now:
        yield broken(
            CHECK,
            f"{host}: the certificate expired {wording.span(facts.now - shown.not_after)} ago, on "
            f"{shown.not_after:%Y-%m-%d %H:%M} UTC",
            "every client refuses to connect",
            *mend,
        )
    elif shown.not_before > facts.now:
        yield broken(
            CHECK,
            f"{host}: the certificate is valid from {shown.not_before:%Y-%m-%d %H:%M} UTC on",
            "every client refuses to connect",
            "correct the clock of this machine, or of who signed it",
            *mend,
        )


def _trust(facts: Facts, way: Way) -> Iterator[Finding]:
    if not way.trust_error or way.certificate is None:
        return
    ca = registries.ca_name(facts.registry)
    published = f"the CA in ConfigMap {ca}" if ca else "a CA that this machine trusts"
    yield broken(
        CHECK,
        f"{way.address}: the certificate, signed by {way.certificate.issuer}, is not signed by {published}: "
        f"{way.trust_error}",
        "clients that trust what they should still refuse to connect",
        "is there a proxy in front with a certificate of its own? Clients then need its CA: test with --ca FILE",
        "with tls.issuer Secret: put the CA into that Secret as ca.crt, and any intermediate behind the certificate in "
        "tls.crt",
    )


def _host(facts: Facts, way: Way) -> Iterator[Finding]:
    if not way.host_error or way.certificate is None:
        return
    names = ", ".join(way.certificate.names) or "no name"
    yield broken(
        CHECK,
        f"{way.address}: the certificate is not for this name, but for {names}",
        "every client refuses to connect",
        f"add {way.address.host} to spec.tls.hosts: kubectl edit registry {facts.target}",
    )


def trust_here(facts: Facts) -> Iterator[Finding]:
    """Do the clients on this machine trust it?"""
    check = "trust on this machine"
    outside = [way for way in facts.ways if not way.forwarded and way.certificate is not None]
    if not outside or isinstance(facts.ca, Unknown) or registries.plain_http(facts.registry):
        why = facts.ca.why if isinstance(facts.ca, Unknown) else "the registry shows no certificate on a name outside"
        yield skipped(check, why)
        return
    for way in outside:
        yield _trusted(facts, way, check)


def _trusted(facts: Facts, way: Way, check: str) -> Finding:
    host, login = str(way.address), f"sudo -E kubectl registry login {facts.target} --host {way.address} --trust"
    stale = [file for file, fits in way.clients.items() if not fits]
    if stale:
        return broken(
            check,
            f"{', '.join(stale)} holds another CA than the one that signed the certificate of {host}",
            "`docker login` and `docker pull` say: certificate signed by unknown authority",
            login,
        )
    if way.clients:
        return ok(check, f"{', '.join(way.clients)} fits {host}")
    if way.system:
        return ok(check, f"this machine trusts {host} by its own CAs")
    say = broken if facts.host_given else warning  # this machine need not be one that pulls
    return say(
        check,
        f"no client on this machine trusts {host}: the CA is not among the system's, nor in certs.d",
        "docker, podman and curl say: certificate signed by unknown authority",
        f"{login}   (podman: add --podman)",
        f"the CA: kubectl get configmap {registries.ca_name(facts.registry) or 'CA'} "
        f"-n {facts.namespace} -o jsonpath='{{.data.ca\\.crt}}'",
    )
