"""A report is believed only when it is whole."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from tests.wharfinger.observe.conftest import STATUS, certificate

from wharfinger import clock
from wharfinger.decide.observed import FileReport, WebhookReport
from wharfinger.observe.report import Asker, Pin, ReportError, Target, parse


def test_a_report_is_read_whole() -> None:
    report = parse(json.dumps(STATUS).encode())
    assert report.version == "0.1.0"
    assert report.configuration == FileReport("aa")
    assert report.htpasswd == FileReport("bb", "line 3 is malformed")
    assert report.certificate == FileReport("")
    assert (report.used, report.capacity, report.available, report.read_only) == (3, 100, 97, False)
    assert report.webhooks == {
        "hook": WebhookReport(1, 2, 3, last_error="503 Service Unavailable", next_attempt="2026-03-01T12:00:01Z")
    }


def test_a_newer_registry_may_say_more() -> None:
    assert parse(json.dumps({**STATUS, "uptime": 3}).encode()).version == "0.1.0"


def test_one_that_stands_by_says_what_it_has_loaded_and_nothing_of_the_content() -> None:
    status = {name: STATUS[name] for name in ("version", "configuration", "htpasswd", "certificate")}
    report = parse(json.dumps({**status, "role": "standby", "active": "team-0"}).encode())
    assert report.standby
    assert report.configuration.sha256 == STATUS["configuration"]["sha256"]
    assert (report.used, report.capacity, dict(report.webhooks)) == (0, 0, {})
    assert not parse(json.dumps({**STATUS, "role": "active"}).encode()).standby


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"storage": None}, "storage"),
        ({"storage": {**STATUS["storage"], "used": "3"}}, "used"),
        ({"storage": {**STATUS["storage"], "used": -1}}, "used"),
        ({"configuration": {"error": ""}}, "configuration"),
        ({"webhooks": {"hook": {"delivered": 1}}}, "webhooks"),
        ({"version": msgspec.UNSET}, "version"),
    ],
    ids=str,
)
def test_a_report_of_another_form_is_refused(change: dict[str, Any], complaint: str) -> None:
    status = {name: value for name, value in {**STATUS, **change}.items() if value is not msgspec.UNSET}
    with pytest.raises(ReportError, match=f"malformed.*{complaint}"):
        parse(json.dumps(status).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff\xfe"])
def test_what_is_no_report_is_refused(body: bytes) -> None:
    with pytest.raises(ReportError, match="malformed"):
        parse(body)


async def test_a_pod_is_asked_over_tls_with_the_token(pod, asker) -> None:
    assert (await asker.ask(pod.target())).used == 3
    assert pod.tokens == ["Bearer t"]


async def test_a_pod_with_another_certificate_does_not_get_the_token(pod, asker, tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "team.ci.svc")
    with pytest.raises(ReportError, match="certificate verify failed"):
        await asker.ask(pod.target(ca=other))
    assert pod.tokens == []


def pin(pem: str, *, hours: int = 1) -> Pin:
    leaf = load_pem_x509_certificate(pem.encode())
    now = clock.now()
    return Pin(leaf.fingerprint(SHA256()), now - timedelta(hours=1), now + timedelta(hours=hours))


async def test_a_pod_is_recognised_by_its_certificate_without_a_context_of_its_own(pod, asker, monkeypatch) -> None:
    monkeypatch.setattr("wharfinger.observe.report._trust", None)
    assert (await asker.ask(pod.target(pin=pin(pod.ca)))).used == 3
    assert pod.tokens == ["Bearer t"]


async def test_a_pod_with_another_certificate_than_it_should_have_is_asked_if_a_ca_vouches_for_it(
    pod, asker, tmp_path: Path
) -> None:
    other, _ = certificate(tmp_path, "team.ci.svc")
    assert (await asker.ask(pod.target(pin=pin(other)))).used == 3
    assert pod.tokens == ["Bearer t"]
    with pytest.raises(ReportError, match="certificate verify failed"):
        await asker.ask(pod.target(pin=pin(other), ca=other))
    assert pod.tokens == ["Bearer t"]


async def test_a_certificate_that_has_expired_recognises_nobody(pod, asker, tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "team.ci.svc")
    with pytest.raises(ReportError, match="certificate verify failed"):
        await asker.ask(pod.target(pin=pin(pod.ca, hours=-1), ca=other))
    assert pod.tokens == []


async def test_a_certificate_for_another_name_does_not_do(pod, asker) -> None:
    with pytest.raises(ReportError, match="Hostname mismatch"):
        await asker.ask(pod.target(server_name="other.ci.svc"))
    assert pod.tokens == []


async def test_a_port_that_nobody_listens_on_is_told_in_the_same_words_each_time(pod) -> None:
    async with Asker(port=1) as asker:
        for trust in ({}, {"pin": pin(pod.ca)}, {"pin": pin(pod.ca)}):
            with pytest.raises(ReportError, match=r"gave no answer: Connect call failed \('127.0.0.1', 1\)$"):
                await asker.ask(pod.target(**trust))


async def test_plain_http_to_a_tls_port_is_no_report(pod, asker) -> None:
    with pytest.raises(ReportError, match="no answer"):
        await asker.ask(pod.target(ca=""))


async def test_trust_that_cannot_be_read_is_no_report(pod, asker) -> None:
    with pytest.raises(ReportError, match="no answer"):
        await asker.ask(pod.target(ca="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"))


async def test_a_refusal_is_told(pod, asker) -> None:
    pod.answer = lambda: web.Response(status=401)
    with pytest.raises(ReportError, match="answered 401"):
        await asker.ask(pod.target())


async def test_a_redirect_is_not_followed(pod, asker) -> None:
    pod.answer = lambda: web.Response(status=302, headers={"Location": "https://127.0.0.1:1/"})
    with pytest.raises(ReportError, match="answered 302"):
        await asker.ask(pod.target())


async def test_an_endless_answer_is_cut_off(pod, asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wharfinger.observe.report._LARGEST", 1000)
    pod.answer = lambda: web.Response(text=" " * 5000 + json.dumps(STATUS))
    with pytest.raises(ReportError, match="malformed"):
        await asker.ask(pod.target())


async def test_a_pod_that_hangs_is_not_waited_for(pod, asker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wharfinger.observe.report._SECONDS", 0.1)
    pod.gate.clear()
    with pytest.raises(ReportError, match=r"nothing within 0\.1 s"):
        await asker.ask(pod.target())


def test_a_target_shows_neither_token_nor_trust() -> None:
    shown = repr(Target("p0", "10.0.0.1", "team.ci.svc", "PEM", "secret"))
    assert "secret" not in shown
    assert "PEM" not in shown
