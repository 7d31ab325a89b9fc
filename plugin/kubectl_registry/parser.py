"""The command line of `kubectl registry`: every command and option, and nothing that carries one out.

Rule: the reference page and the shell completion are made from this parser, so what is not here does not exist; nothing
is imported here that takes time, as `--help` and completion need only this.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from kubectl_registry import __version__
from kubectl_registry.errors import EXIT_STATUSES

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

PROGRAM = "kubectl registry"
SHELLS = ("bash", "zsh", "fish")


def build() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Look at, log in to, look after and mend registries that Wharfinger keeps.",
        epilog="exit status: " + "; ".join(f"{code}: {meaning}" for code, meaning in EXIT_STATUSES.items()),
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    for add in (_status, _login, _rotate, _events, _gc, _webhooks, _doctor, _completion):
        add(commands)
    return parser


def _status(commands: Commands) -> None:
    one = _command(commands, "status", "show registries, or everything about one of them", cluster_wide=True)
    one.add_argument("name", metavar="NAME", nargs="?", default="", help="a Registry; all of the namespace without it")


def _login(commands: Commands) -> None:
    one = _command(
        commands,
        "login",
        "say how to log in, or do it",
        "Without --docker, --podman or --print it prints the commands to log in with, and no secret. A password goes "
        "to docker and podman by their standard input.",
    )
    _name(one)
    one.add_argument("--user", metavar="USER", default="", help="who to log in as (default: the first user)")
    one.add_argument(
        "--host",
        metavar="HOST[:PORT]",
        default="",
        help="how clients reach the registry (default: what its Service and spec.tls.hosts say)",
    )
    way = one.add_mutually_exclusive_group()
    way.add_argument("--docker", action="store_true", help="run `docker login`")
    way.add_argument("--podman", action="store_true", help="run `podman login`")
    way.add_argument("--print", action="store_true", help="print the password, and nothing else, to standard output")
    one.add_argument(
        "--trust", action="store_true", help="write the registry's CA where docker (or with --podman, podman) looks"
    )


def _rotate(commands: Commands) -> None:
    one = _command(
        commands,
        "rotate",
        "replace a generated password",
        "Writes spec.auth.users[].rotation and nothing else, by server-side apply as field manager kubectl-registry, "
        "and waits until the new password works. The old one goes on working for spec.auth.rotationOverlap.",
    )
    _name(one)
    one.add_argument("--user", metavar="USER", default="", help="whose password (default: the only user)")
    one.add_argument("--force", action="store_true", help="take the field over from Argo CD, Flux or Helm")
    one.add_argument("--no-wait", dest="wait", action="store_false", help="do not wait for the new password")
    _timeout(one, 120, "for the new password to work")


def _events(commands: Commands) -> None:
    one = _command(
        commands, "events", "show the Events of a Registry and of all that belongs to it, and its webhooks' deliveries"
    )
    _name(one)


def _gc(commands: Commands) -> None:
    one = _command(
        commands,
        "gc",
        "remove what nothing needs any more",
        "Runs `wharf gc` in the registry's pod, by `pods/exec`. The registry does the same by itself from time to "
        "time, and serves meanwhile.",
    )
    _name(one)
    one.add_argument("--dry-run", action="store_true", help="only say what would go, and why")
    one.add_argument("--all", action="store_true", help="also list what stays, and why")
    _timeout(one, 900, "for the sweep to end")


def _webhooks(commands: Commands) -> None:
    group = commands.add_parser("webhooks", help="look at deliveries, or send dead letters again")
    actions = group.add_subparsers(required=True, metavar="ACTION", dest="action")
    one = _command(
        actions, "list", "show the webhooks of a Registry and what became of their events", cluster_wide=True
    )
    one.add_argument("name", metavar="NAME", nargs="?", default="", help="a Registry; all of the namespace without it")
    one = _command(
        actions,
        "dead",
        "show the events that were given up, and the last answer to each",
        "Runs `wharf webhooks show` in the registry's pod, by `pods/exec`.",
    )
    one.add_argument("webhook", metavar="WEBHOOK", help="a RegistryWebhook")
    one.add_argument("--limit", metavar="N", type=_count, default=100, help="show so many at most (default: 100)")
    one = _command(
        actions,
        "replay",
        "send the events again that were given up",
        "Writes spec.replay of the RegistryWebhook, by server-side apply as field manager kubectl-registry.",
    )
    one.add_argument("webhook", metavar="WEBHOOK", help="a RegistryWebhook")
    one.add_argument("--force", action="store_true", help="take the field over from Argo CD, Flux or Helm")


def _doctor(commands: Commands) -> None:
    one = _command(
        commands,
        "doctor",
        "find what is broken between a client and a pull, and say how to mend it",
        "Walks from the kubeconfig over the operator, storage, pod, Service, name, connection, certificate and "
        "password to a pull, and tests each. It changes nothing, except with --write.",
        cluster_wide=True,
    )
    one.add_argument("name", metavar="NAME", nargs="?", default="", help="a Registry; all of the namespace without it")
    one.add_argument(
        "--host", metavar="HOST[:PORT]", default="", help="test the way from this machine to the registry by this name"
    )
    one.add_argument("--ca", metavar="FILE", default="", help="the CA that clients trust, instead of the published one")
    one.add_argument(
        "--user", metavar="USER", default="", help="test this user's password, given on standard input, as well"
    )
    one.add_argument(
        "--write", action="store_true", help="push a few bytes to kubectl-registry/probe, pull them and delete them"
    )


def _completion(commands: Commands) -> None:
    one = commands.add_parser("completion", help="print the script that completes kubectl-registry in a shell")
    one.add_argument("shell", choices=SHELLS, help="your shell")


def _command(
    commands: Commands, name: str, text: str, description: str = "", *, cluster_wide: bool = False
) -> argparse.ArgumentParser:
    """A command that talks to a cluster, with the options that all of these have."""
    one = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. {description}".strip())
    one.add_argument("-n", "--namespace", metavar="NAMESPACE", default="", help="default: that of the context")
    if cluster_wide:
        one.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    one.add_argument("--context", metavar="CONTEXT", default="", help="a context of the kubeconfig")
    one.add_argument("--kubeconfig", metavar="FILE", default="", help="default: $KUBECONFIG, or ~/.kube/config")
    one.add_argument("-o", "--output", choices=("table", "json"), default="table", help="how the answer is printed")
    return one


def _name(one: argparse.ArgumentParser) -> None:
    one.add_argument("name", metavar="NAME", help="a Registry")


def _timeout(one: argparse.ArgumentParser, seconds: int, purpose: str) -> None:
    one.add_argument(
        "--timeout", metavar="SECONDS", type=_positive, default=seconds, help=f"wait {purpose} (default: {seconds})"
    )


def _positive(text: str) -> float:
    seconds = float(text)
    if seconds <= 0:
        raise argparse.ArgumentTypeError("more than 0, please")
    return seconds


def _count(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("more than 0, please")
    return number


def commands_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The commands below a parser, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}
