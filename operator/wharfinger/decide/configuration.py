"""The registry's configuration: from the spec and its webhooks to wharf's configuration file.

Rule: everything in it can be loaded by a running registry, so a change of it never restarts a pod.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wharfinger.api.registry import Registry
from wharfinger.children.config import CLIENT_CA, Contents, config, wharf
from wharfinger.children.owner import Owner, decoded
from wharfinger.decide import client_ca, content, exposure
from wharfinger.decide.client_ca import NOBODY, ClientAuthorities
from wharfinger.decide.credentials import users
from wharfinger.decide.mint import Mint
from wharfinger.decide.observed import Observed
from wharfinger.decide.outcome import Outcome
from wharfinger.decide.robots import robots
from wharfinger.decide.webhooks import Hook

_SHORTEST_TOKEN = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured(Outcome):
    """The configuration file that should be loaded."""

    text: str
    clients: ClientAuthorities = NOBODY
    held: bool = False  # whether it is behind the spec, because of spec.paused


_DIRECTORY = "/etc/wharf"
_PAIR = {"certificate": f"{_DIRECTORY}/tls.crt", "key": f"{_DIRECTORY}/tls.key"}


def decide(registry: Registry, owner: Owner, observed: Observed, hooks: Sequence[Hook], mint: Mint) -> Configured:
    """Decide on the configuration Secret; its token is made once and kept."""
    live = observed.children.get(("Secret", owner.config))
    token = (decoded(live, "admin-token") or b"").decode(errors="replace")
    if len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable():
        token = mint.token()
    if registry.spec.paused and live is not None:
        # the file stays as it is, for as long as it is there
        text = (decoded(live, "config.yaml") or b"").decode(errors="replace")
        clients = client_ca.decide(registry, owner, observed)
        held = text != file(registry, owner, hooks, ask=bool(clients.pem))
        in_force = ClientAuthorities((decoded(live, CLIENT_CA) or b"").decode(errors="replace"), clients.problem)
        return Configured(keep=frozenset({("Secret", owner.config)}), text=text, held=held, clients=in_force)
    clients = client_ca.decide(registry, owner, observed)
    text = file(registry, owner, hooks, ask=bool(clients.pem))
    if clients.waiting:
        return Configured(text=text, clients=clients)
    child = config(owner, text=text, admin_token=token, client_ca=clients.pem)
    return Configured(children=(child,), text=text, clients=clients)


def file(registry: Registry, owner: Owner, hooks: Sequence[Hook], *, ask: bool) -> str:
    """The text of wharf's configuration file."""
    access = registry.spec.access
    rules = None
    if access is not None:
        rules = [
            {
                "repositories": list(rule.repositories),
                "users": list(rule.users),
                "groups": list(rule.groups),
                "anonymous": rule.anonymous,
                "actions": list(rule.actions),
            }
            for rule in access
        ]
    groups: dict[str, list[str]] = {}
    for user in users(registry):
        for group in user.groups:
            groups.setdefault(group, []).append(user.name)
    tls = {**_PAIR, **({"clientCa": f"{_DIRECTORY}/{CLIENT_CA}"} if ask else {})}
    contents = Contents(
        url=url(registry, owner),
        storage={"readOnlyAbove": registry.spec.storage.read_only_above},
        tls=None if registry.spec.tls.issuer == "Disabled" else tls,
        auth={
            "groups": dict(sorted(groups.items())),
            "robots": {
                robot.account.name: {"repositories": robot.repositories, "actions": robot.actions}
                for robot in robots(registry)
            },
            **content.tokens(registry),
        },
        access=rules,
        webhooks=[hook.endpoint for hook in hooks if hook.endpoint is not None],
        settings=content.settings(registry),
    )
    return wharf(contents)


def port(registry: Registry) -> int:
    """The Service's port."""
    return registry.spec.service.port or (80 if registry.spec.tls.issuer == "Disabled" else 443)


def url(registry: Registry, owner: Owner) -> str:
    """The URL that clients use: of what stands before the Service, or else the Service's own inside the cluster."""
    return exposure.url(registry) or service_url(registry, owner)


def service_url(registry: Registry, owner: Owner) -> str:
    """The Service's URL, without the port where that goes without saying."""
    scheme, default = ("http", 80) if registry.spec.tls.issuer == "Disabled" else ("https", 443)
    suffix = "" if port(registry) == default else f":{port(registry)}"
    return f"{scheme}://{owner.host}{suffix}"


def servers(registry: Registry, owner: Owner, cluster_domain: str) -> tuple[str, ...]:
    """Every server name that an image reference to this registry can start with."""
    names = [*owner.hosts(cluster_domain)[1:], *registry.spec.tls.hosts]
    number = port(registry)
    found = [f"{name}:{number}" for name in [owner.name, *names]]
    if number in (80, 443):
        found += names
    if registry.spec.service.node_port:
        found += [f"{host}:{registry.spec.service.node_port}" for host in registry.spec.tls.hosts]
    found += exposure.hosts(registry)
    return tuple(sorted(set(found)))
