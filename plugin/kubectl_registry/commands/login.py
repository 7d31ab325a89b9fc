"""`kubectl registry login`: log in, or say how.

Rule: a password is shown only with --print, goes to other programs by their standard input only, and is never part of a
command that is printed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from kubectl_registry import registries, trust
from kubectl_registry.addresses import Address, addresses
from kubectl_registry.errors import NotFoundError, PluginError, UsageError
from kubectl_registry.kube.api import Object
from kubectl_registry.kube.kinds import SECRET, SERVICE
from kubectl_registry.registries import User
from kubectl_registry.session import Session


@dataclass(frozen=True, slots=True)
class Plan:
    """All that logging in takes, without the password."""

    name: str
    namespace: str
    address: Address
    user: User
    ca: str  # name of the ConfigMap; empty: none is needed
    plain_http: bool


def run(session: Session) -> int:
    """Carry out the command."""
    registry, options = session.registry(), session.options
    plan = make_plan(registry, session.api.find(SERVICE, session.namespace, options.name), options.user, options.host)
    if options.trust:
        _trust(session, registry, plan)
    if options.docker or options.podman:
        return _log_in("docker" if options.docker else "podman", plan, _password(session, plan))
    if session.screen.as_json:
        password = {"password": _password(session, plan)} if options.print else {}
        session.screen.object(as_object(plan) | password)
    elif options.print:
        session.screen.out.file.write(_password(session, plan) + "\n")
    elif not options.trust:
        for line in instructions(plan):
            session.screen.line(line)
    return 0


def make_plan(registry: Object, service: Object | None, user: str, host: str) -> Plan:
    """Decide where to log in and as whom. Raises NotFoundError and UsageError."""
    known = registries.users(registry)
    chosen = next((each for each in known if each.name == user), None) if user else known[0]
    if chosen is None:
        raise NotFoundError(f"there is no user {user!r}: there is {', '.join(each.name for each in known)}")
    found = addresses(registry, service)
    try:
        address = Address.parse(host, found[0].port if host == found[0].host else 443) if host else found[0]
    except ValueError:
        raise UsageError(f"--host {host}: write HOST or HOST:PORT, without https://") from None
    return Plan(
        name=registries.name(registry),
        namespace=registries.namespace(registry),
        address=address,
        user=chosen,
        ca=registries.ca_name(registry),
        plain_http=registries.plain_http(registry),
    )


def as_object(plan: Plan) -> dict[str, object]:
    """The same for programs."""
    return {
        "host": str(plan.address),
        "user": plan.user.name,
        "secretName": plan.user.secret,
        "key": plan.user.key,
        "caConfigMapName": plan.ca,
        "insideOnly": plan.address.inside,
    }


def instructions(plan: Plan) -> list[str]:
    """What to do, as lines of text."""
    host = str(plan.address)
    lines = [f"# {plan.namespace}/{plan.name} as {plan.user.name}"]
    if plan.address.inside:
        lines += [
            f"# {host} is a name inside the cluster. From here, forward a port and log in with --host localhost:5443;",
            "# for good, give the registry an address: spec.service.type and spec.tls.hosts",
            f"kubectl port-forward -n {plan.namespace} service/{plan.name} 5443:{plan.address.port} &",
        ]
        host = "localhost:5443"
    if plan.plain_http:
        lines.append(f'# plain HTTP: docker needs "insecure-registries": ["{host}"] in /etc/docker/daemon.json')
    elif plan.ca:
        lines += [
            f"# its CA is public, in ConfigMap {plan.ca}; this writes it where docker looks (podman: add --podman)",
            f"sudo -E kubectl registry login {plan.name} -n {plan.namespace} --host {host} --trust",
        ]
    command = f"kubectl registry login {plan.name} -n {plan.namespace} --user {plan.user.name}"
    return [
        *lines,
        f"{command} --host {host} --docker",
        "# or with any other client",
        f"{command} --print | skopeo login --username {plan.user.name} --password-stdin {host}",
    ]


def _password(session: Session, plan: Plan) -> str:
    secret = session.api.get(SECRET, plan.namespace, plan.user.secret)
    found = registries.password(secret, plan.user.key)
    if not found:
        raise NotFoundError(
            f"Secret {plan.user.secret} has no password under {plan.user.key}: "
            f"`kubectl registry doctor {plan.name}` tells why"
        )
    return found


def _trust(session: Session, registry: Object, plan: Plan) -> None:
    pem = session.ca(registry)
    if not pem:
        raise UsageError(f"registry {plan.name} publishes no CA: its certificate is one that clients trust already")
    program = "podman" if session.options.podman else "docker"
    file = trust.directory(program) / str(plan.address) / "ca.crt"
    trust.write(file, pem, plan.name, plan.namespace)
    session.screen.note(f"{program} trusts {plan.address} now: {file}")


def _log_in(program: str, plan: Plan, password: str) -> int:
    """Run the program's own login; its exit status decides ours."""
    command: Sequence[str] = [program, "login", "--username", plan.user.name, "--password-stdin", str(plan.address)]
    try:
        done = subprocess.run(command, input=password.encode(), check=False)  # noqa: S603 - our own words, no shell
    except FileNotFoundError:
        raise PluginError(f"{program} is not installed: install it, or use --print with another client") from None
    if done.returncode:
        raise PluginError(
            f"`{program} login` failed: `kubectl registry doctor {plan.name} -n {plan.namespace} "
            f"--host {plan.address}` tells why"
        )
    return 0
