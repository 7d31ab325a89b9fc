"""Checks of what people come for: logging in, pulling, pushing, pods that pull, webhooks that deliver.

Rule: pure; a password is never part of a finding.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from kubectl_registry import registries, wording
from kubectl_registry.doctor.facts import Facts, Login, Transfer, Unknown
from kubectl_registry.doctor.findings import Finding, broken, ok, skipped, warning


def logins(facts: Facts) -> Iterator[Finding]:
    """Does each password work?"""
    if isinstance(facts.logins, Unknown):
        yield skipped("login", facts.logins.why)
        return
    if not facts.logins:
        yield skipped("login", "there is no password to try")
    for each in facts.logins:
        yield _login(facts, each)


def _login(facts: Facts, tried: Login) -> Finding:
    who = f"{tried.user}, {tried.source}"
    if tried.answer == 200:
        return ok("login", f"{who}: works")
    if tried.error:
        return skipped("login", f"{who}: {tried.error}")
    if tried.answer == 429:
        return broken(
            "login",
            f"{who}: too many wrong passwords came from this address, so none is looked at now",
            "clients with a right password have to wait as well",
            "wait a minute, and stop whoever guesses",
        )
    if tried.answer != 401:
        return broken(
            "login",
            f"{who}: the registry answers {tried.answer} instead of 200",
            "clients cannot log in",
            f"kubectl logs deployment/{facts.target}",
        )
    return _refused(facts, tried, who)


def _refused(facts: Facts, tried: Login, who: str) -> Finding:
    get = f"kubectl registry login {facts.target} --user {tried.user}"
    if tried.known == "expired":
        return broken(
            "login",
            f"{who}: wrong password: it was replaced, and its time is over",
            "it no longer logs in anywhere",
            f"{get} --docker: log in with the new one",
            f"{get} --print: show it",
        )
    if tried.given:
        return broken(
            "login",
            f"{who}: wrong password",
            "it does not log in",
            f"{get} --print: show the right one",
            f"{get} --docker: log in with it",
        )
    if tried.known == "current":
        return broken(
            "login",
            f"{who}: the password is right, and the registry has not loaded it yet",
            "who reads the Secret cannot log in",
            "wait a minute: the kubelet brings changed Secrets to the pod",
            f"kubectl describe registry {facts.target}: see CredentialsReady",
        )
    return broken(
        "login",
        f"{who}: wrong password: it is not the one that the registry knows",
        "who reads the Secret cannot log in",
        f"kubectl registry rotate {facts.target} --user {tried.user}: a new one (not for passwordFrom)",
        f"kubectl describe registry {facts.target}: see CredentialsReady",
    )


def pull(facts: Facts) -> Iterator[Finding]:
    """Can something be pulled?"""
    yield _transfer(facts, "pull", facts.pull)


def push(facts: Facts) -> Iterator[Finding]:
    """Can something be pushed?"""
    if facts.push is None:
        yield skipped("push", "nothing is pushed without --write")
    else:
        yield _transfer(facts, "push", facts.push)


def _transfer(facts: Facts, check: str, done: Transfer | Unknown) -> Finding:
    if isinstance(done, Unknown):
        return skipped(check, done.why)
    if done.nothing:
        return skipped(
            check, "nothing has been pushed yet, so nothing can be pulled", "kubectl registry doctor --write"
        )
    if not done.error:
        return ok(check, done.what)
    mend = {
        401: "see the check `login`",
        403: "spec.access does not allow it: see docs/reference/api.md",
        405: "the registry is read-only: see the check `storage`",
        507: f"the volume is full: kubectl registry gc {facts.target} --dry-run, or raise spec.storage.size",
    }.get(
        done.status,
        f"kubectl exec deployment/{facts.target} -- wharf verify: says what is damaged",
    )
    return broken(check, f"{done.what}: {done.error}", f"clients cannot {check}", mend)


def nodes(facts: Facts) -> Iterator[Finding]:
    """Do pods pull from it?"""
    check = "nodes"
    how = (
        "each node has to resolve the registry's name and to trust its CA, for containerd in "
        "/etc/containerd/certs.d/HOST/hosts.toml: docs/how-to/outside.md"
    )
    if isinstance(facts.pullers, Unknown):
        yield skipped(check, facts.pullers.why, how)
        return
    hosts = {registries.service_host(facts.registry)}
    hosts |= {urlsplit(str(registries.status(facts.registry).get("url") or "")).netloc}
    hosts |= {str(way.address) for way in facts.ways if not way.forwarded}
    failing = [told for pod in facts.pullers if (told := _failure(pod, hosts - {""}))]
    for told in failing:
        yield broken(check, told, "the pod does not start", _pull_remedy(facts, told, how))
    if not failing:
        yield skipped(
            check, "no pod of this namespace fails to pull from it; a node's own settings cannot be seen", how
        )


def _failure(pod: registries.Object, hosts: set[str]) -> str:
    for each in (pod.get("status") or {}).get("containerStatuses") or []:
        waiting = (each.get("state") or {}).get("waiting") or {}
        image = str(each.get("image") or "")
        if waiting.get("reason") in ("ErrImagePull", "ImagePullBackOff") and image.partition("/")[0] in hosts:
            return f"pod {registries.name(pod)} cannot pull {image}: {waiting.get('message', '')[-300:]}"
    return ""


def _pull_remedy(facts: Facts, told: str, how: str) -> str:
    if "x509" in told or "certificate" in told:
        return f"its node does not trust the CA in ConfigMap {registries.ca_name(facts.registry)}: {how}"
    if "no such host" in told or "lookup" in told:
        return f"its node cannot resolve the name, as nodes do not use the cluster's DNS: {how}"
    if "401" in told or "403" in told or "authoriz" in told or "denied" in told:
        return f"give the pod imagePullSecrets: [{{name: {facts.name}-pull}}], or its ServiceAccount"
    if "not found" in told:
        return "push the image first, and check its name and tag"
    return how


def webhooks(facts: Facts) -> Iterator[Finding]:
    """Do events arrive?"""
    if isinstance(facts.webhooks, Unknown):
        yield skipped("webhooks", facts.webhooks.why)
        return
    if not facts.webhooks:
        yield skipped("webhooks", "there are none")
    for each in facts.webhooks:
        yield _webhook(facts, each)


def _webhook(facts: Facts, webhook: registries.Object) -> Finding:
    name, status = registries.name(webhook), registries.status(webhook)
    look = f"kubectl describe registrywebhook {name} -n {facts.namespace}"
    for kind in ("Ready", "Delivering"):
        found = registries.condition(webhook, kind)
        if found.get("status") == "False":
            said = (status.get("lastError") or {}).get("message") or found.get("message")
            return broken(
                "webhooks",
                f"{name}: {kind} is False, {found.get('reason')}: {said}",
                "its events wait, and are given up after spec.retry.maxAge",
                look,
            )
    dead = int(status.get("dead") or 0)
    if dead:
        return warning(
            "webhooks",
            f"{name}: {wording.count(dead, 'event')} given up",
            "whoever listens has missed them",
            f"kubectl registry webhooks replay {name} -n {facts.namespace}",
        )
    return ok("webhooks", f"{name}: {status.get('delivered') or 0} delivered, {status.get('pending') or 0} waiting")
