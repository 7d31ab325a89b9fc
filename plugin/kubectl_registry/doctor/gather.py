"""Gathers the facts: from the API server, from the registry's pod, and from the way to it.

Rule: what one lacks the right or the means to see becomes `Unknown` and stops nothing else; nothing is changed,
except by the test push when it is asked for. A password goes only to a pod that the API server leads to, or to a server
whose certificate is right: a name that leads elsewhere is what the doctor is there to find.
"""

from __future__ import annotations

import ssl
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from socket import socket

from kubectl_registry import clock, registries, trust
from kubectl_registry.addresses import Address, addresses
from kubectl_registry.doctor import inside, passwords, probe, transfer
from kubectl_registry.doctor.client import Client, Dial
from kubectl_registry.doctor.facts import Facts, Login, Transfer, Unknown, Way, ask
from kubectl_registry.doctor.passwords import Attempt
from kubectl_registry.doctor.probe import Trust
from kubectl_registry.errors import PluginError
from kubectl_registry.kube import forwarding
from kubectl_registry.kube.api import Api, Object
from kubectl_registry.kube.execution import Target
from kubectl_registry.kube.kinds import (
    CLAIM,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    LEASE,
    NETWORK_POLICY,
    POD,
    SECRET,
    SERVICE,
)
from kubectl_registry.session import Session

OPERATOR = "app.kubernetes.io/name=wharfinger"


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever runs the doctor wants to know besides."""

    host: str = ""
    ca: str = ""  # PEM
    attempt: Attempt | None = None
    write: bool = False


def gather(session: Session, registry: Object, wish: Wish) -> Facts:
    """Everything about one Registry."""
    facts = _objects(session, registry, wish)
    pod = next((registries.name(each) for each in _pods(facts) if _runs(each)), "")
    no_pod = Unknown("no pod of the registry runs")
    target = Target(facts.namespace, pod)
    hosts = [registries.service_host(registry)]
    facts = replace(facts, inside=ask(lambda: inside.look(session.api, target, hosts)) if pod else no_pod)
    ways = _ways(session.api, facts, pod, wish)
    facts = replace(facts, ways=tuple(way for way, _ in ways))
    chosen = next(((way, dial) for way, dial in ways if way.takes_passwords), None)
    if chosen is None:
        why = Unknown(_untold(facts))
        return replace(facts, logins=why, pull=why)
    return _use(session.api, facts, chosen, wish)


def _objects(session: Session, registry: Object, wish: Wish) -> Facts:
    api, name, namespace = session.api, registries.name(registry), registries.namespace(registry)
    operators = ask(lambda: tuple(api.list_all(DEPLOYMENT, "", labels=OPERATOR)))
    home = registries.namespace(operators[0]) if not isinstance(operators, Unknown) and operators else ""
    claim = (registries.status(registry).get("storage") or {}).get("claimName") or name
    mine, nobody = registries.selector(name), Unknown("it was not tried")
    return Facts(
        registry=registry,
        now=clock.now(),
        host_given=bool(wish.host),
        operators=operators,
        lease=ask(lambda: api.find(LEASE, home, "wharfinger")) if home else None,
        claim=ask(lambda: api.find(CLAIM, namespace, str(claim))),
        pods=ask(lambda: tuple(api.list_all(POD, namespace, labels=mine))),
        service=ask(lambda: api.find(SERVICE, namespace, name)),
        slices=ask(lambda: tuple(api.list_all(ENDPOINT_SLICE, namespace, labels=f"kubernetes.io/service-name={name}"))),
        policies=ask(lambda: tuple(api.list_all(NETWORK_POLICY, namespace))),
        webhooks=ask(lambda: tuple(session.webhooks(registry))),
        pullers=ask(lambda: tuple(each for each in api.list_all(POD, namespace) if not _runs(each))),
        inside=nobody,
        ca=wish.ca or ask(lambda: session.ca(registry)),
        ways=(),
        logins=nobody,
        pull=nobody,
    )


def _pods(facts: Facts) -> tuple[Object, ...]:
    return () if isinstance(facts.pods, Unknown) else tuple(dict(each) for each in facts.pods)


def _runs(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running" and not pod["metadata"].get("deletionTimestamp")


def _ways(api: Api, facts: Facts, pod: str, wish: Wish) -> list[tuple[Way, Dial]]:
    """Every way from here: by each name for the outside, and by a forwarded port."""
    service = facts.service if not isinstance(facts.service, Unknown) else None
    known = addresses(facts.registry, service)
    outside = [Address.parse(wish.host, known[0].port)] if wish.host else [each for each in known if not each.inside]
    found: list[tuple[Way, Dial]] = [(Way(each, forwarded=False), probe.direct(each)) for each in outside]
    if pod:
        found.append((Way(known[-1], forwarded=True), _forwarded(api, facts.namespace, pod)))
    pem = facts.ca if isinstance(facts.ca, str) else ""
    plain = registries.plain_http(facts.registry)
    return [
        (probe.walk(way, dial, Trust(pem, trust.trusted(str(way.address)), plain_http=plain)), dial)
        for way, dial in found
    ]


def _forwarded(api: Api, namespace: str, pod: str) -> Dial:
    def dial() -> AbstractContextManager[socket]:
        return forwarding.connected(api, namespace, pod, registries.REGISTRY_PORT, probe.SECONDS)

    return dial


def _untold(facts: Facts) -> str:
    """Why no password is sent anywhere."""
    if any(way.is_open for way in facts.ways):
        return "no password is sent to a server that has not proved who it is: see the check `certificate`"
    return "the registry does not answer on any way that was tried"


def _context(facts: Facts, way: Way) -> ssl.SSLContext | None:
    """How TLS is spoken where passwords go; None: not at all."""
    if registries.plain_http(facts.registry):
        return None
    return probe.unverified() if way.forwarded else probe.verifying(facts.ca if isinstance(facts.ca, str) else "")


def _use(api: Api, facts: Facts, chosen: tuple[Way, Dial], wish: Wish) -> Facts:
    """Log in with each password there is, and pull with the first that works."""
    way, dial = chosen
    attempts, unread = _attempts(api, facts, way, wish)
    context = _context(facts, way)
    done: list[tuple[Login, Client]] = []
    for each in attempts:
        login, client = passwords.attempt(dial, way.address.host, each, context)
        if login.answer == 401:
            login = replace(login, known=_known(api, facts, each))
        done.append((login, client))
    logins = (*(login for login, _ in done), *unread)
    working = [client for login, client in done if login.answer == 200]
    if not working:
        return replace(facts, logins=logins, pull=Unknown("no password works"))
    push = transfer.push(working[0]) if wish.write else None
    return replace(facts, logins=logins, pull=_pull(done), push=push)


def _pull(done: list[tuple[Login, Client]]) -> Transfer:
    """A pull by the first user who may; else what the first one was told."""
    tried: list[Transfer] = []
    for login, client in done:
        if login.answer == 200:
            tried.append(transfer.pull(client))
            if not tried[-1].error and not tried[-1].nothing:
                return tried[-1]
    return tried[0]


def _attempts(api: Api, facts: Facts, way: Way, wish: Wish) -> tuple[list[Attempt], list[Login]]:
    """The passwords to try, and those that could not be read."""
    found: list[Attempt] = [wish.attempt] if wish.attempt else []
    unread: list[Login] = []
    for user in registries.users(facts.registry):
        source = f"Secret {user.secret}"
        secret = ask(partial(api.get, SECRET, facts.namespace, user.secret))
        if isinstance(secret, Unknown):
            unread.append(Login(user.name, source, 0, secret.why))
        elif password := registries.password(secret, user.key):
            found.append(Attempt(user.name, source, password))
        else:
            unread.append(Login(user.name, source, 0, f"it has no password under {user.key}"))
    robots = [each.secret for each in registries.robots(facts.registry)] or [f"{facts.name}-pull"]
    for name in robots:
        docker = ask(partial(api.find, SECRET, facts.namespace, name))
        if isinstance(docker, dict):
            found += passwords.of_docker_secret(docker)
    if not way.forwarded:
        found += passwords.of_docker(str(way.address), Path.home())
    return found, unread


def _known(api: Api, facts: Facts, tried: Attempt) -> str:
    try:
        secret = api.get(SECRET, facts.namespace, f"{facts.name}-htpasswd")
    except PluginError:
        return ""
    text = registries.decoded(secret, "htpasswd").decode(errors="replace")
    return passwords.known(text, tried.user, tried.password, facts.now)
