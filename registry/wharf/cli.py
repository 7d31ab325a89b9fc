"""The command `wharf`: serve, and the questions that can be asked of a configuration without serving.

Rule: a person reads what is printed here, so it is sentences; an error is one line on standard error that names the
remedy, and exit status 1 (2 for a wrong command line, as argparse has it).
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from wharf import __version__, certificates, logs, place, workers
from wharf.auth import htpasswd, keys
from wharf.auth.access import ANONYMOUS, AccessPolicy, subject_of
from wharf.backup import command as backup
from wharf.backup.restore import BackupError
from wharf.blobs.interface import BlobError
from wharf.config import Action, ConfigError, Tls, schema
from wharf.garbage import command as gc
from wharf.garbage.command import NothingToRestoreError
from wharf.garbage.exclusive import SweepRunningError
from wharf.importing import command as importing
from wharf.importing.volume import NoVolumeError
from wharf.listener import AddressError
from wharf.metadata.interface import MetadataError
from wharf.peers import Post
from wharf.protocol import references
from wharf.reload import LoadError
from wharf.server import run
from wharf.standby.lock import LockError
from wharf.standby.process import Plan, stand_by
from wharf.standby.turn import reached_at
from wharf.upkeep import NoStorageError
from wharf.verify import command as verify
from wharf.webhooks import command as webhooks
from wharf.webhooks.command import UnknownWebhookError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.config import Config


INTERRUPTED = 130
"""Exit status of a command that was broken off with ^C, as shells have it."""


class CommandError(Exception):
    """The command cannot be carried out; the message is for the person who gave it."""


_FORESEEN = (
    CommandError,
    ConfigError,
    LoadError,
    BackupError,
    AddressError,
    LockError,
    NoStorageError,
    NoVolumeError,
    NothingToRestoreError,
    SweepRunningError,
    UnknownWebhookError,
    MetadataError,
    BlobError,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Carry out one command line."""
    options = command_line().parse_args(arguments)
    try:
        options.run(options)
    except _FORESEEN as error:
        print(f"wharf: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def command_line() -> argparse.ArgumentParser:
    """What `wharf` can be told."""
    parser = argparse.ArgumentParser(
        prog="wharf",
        description="An OCI registry for container images and artifacts. `wharf serve` alone is one, on port 5000.",
        epilog="Exit status: 0 when it is done, 1 when it cannot be done or something is wrong, 2 for a wrong command "
        "line. What was asked for goes to standard output, everything else to standard error.",
    )
    parser.add_argument("--version", action="version", version=f"wharf {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_serve(commands)
    config = commands.add_parser("config", help="describe or check configuration files")
    actions = config.add_subparsers(required=True, metavar="ACTION")
    one = actions.add_parser("schema", help="print the JSON schema of the configuration file")
    one.set_defaults(run=_schema)
    one = actions.add_parser("check", help="say whether a configuration file can be used, with the files that it names")
    one.add_argument("file", metavar="FILE", help="the configuration file")
    one.set_defaults(run=_check)
    gc.add(commands)
    verify.add(commands)
    importing.add(commands)
    backup.add(commands)
    webhooks.add(commands)
    one = commands.add_parser(
        "access",
        help="explain what a user may do in a repository, and which rule decides it",
        description="Say of each action whether a user may do it in a repository, and which rule decides that. It asks "
        "the configuration file alone: the registry need not run, and the repository need not exist.",
    )
    one.add_argument("user", metavar="USER", help="a user name; '' is a client without credentials")
    one.add_argument("repository", metavar="REPOSITORY", help="the name of a repository, without the host")
    place.add_config(one)
    one.set_defaults(run=_access)
    return parser


def _add_serve(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = commands.add_parser(
        "serve",
        help="run the registry",
        description="Run the registry. Without arguments, and without a configuration file, it listens on port 5000 of "
        f"every address, over plain HTTP, without users, and keeps its data in {place.SYSTEM}, or in ./{place.HERE} "
        "where that cannot be written.",
    )
    place.add_config(serve)
    serve.add_argument("--address", metavar="HOST:PORT", help="listen here, whatever the configuration file says")
    serve.add_argument("--data", metavar="DIR", help="keep the data here, whatever the configuration file says")
    serve.add_argument(
        "--standby",
        metavar="HOST",
        type=_host,
        help="others may be started with this data, on a file system that all share: one of them has it open, the "
        "others pass requests on to it and take over when it ends; HOST, a name or IP address, is where they reach "
        "this one",
    )
    serve.set_defaults(run=_serve)


def _host(text: str) -> str:
    try:
        return reached_at(text)
    except ValueError as error:  # of which argparse would say only that the value is invalid
        raise argparse.ArgumentTypeError(str(error)) from error


def _serve(options: argparse.Namespace) -> None:
    path = place.configuration(options)
    config, data = place.of(options)
    overrides = {}
    if options.address:
        overrides["address"] = options.address
    if data != config.data:
        overrides["data"] = data
    logs.set_up(config.log_level)
    post = Post.of_environment()
    if post is not None:
        workers.end_with_parent(post)
        run(path, overrides, post)
        return
    _introduce(options, config, data)
    count = config.workers or workers.processors()
    if count == 1 and not options.standby:
        run(path, overrides)
        return
    arguments = ["serve", *(["--config", path] if path else []), "--data", data]
    arguments += ["--address", options.address] if options.address else []
    addresses = options.address or config.address, config.admin_address
    if options.standby:
        plan = Plan(path, overrides, arguments, count, options.standby)
        sys.exit(stand_by(plan, data, *addresses))
    sys.exit(workers.supervise(arguments, count, *addresses))


def _introduce(options: argparse.Namespace, config: Config, data: str) -> None:
    """Say what will be served."""
    print(f"wharf {__version__}", file=sys.stderr)
    print(
        f"  address  {options.address or config.address} ({'HTTPS' if config.tls else 'plain HTTP'})", file=sys.stderr
    )
    print(f"  data     {Path(data).absolute()}", file=sys.stderr)
    print(f"  config   {place.configuration(options) or 'none: the defaults'}", file=sys.stderr)
    if config.auth is None:
        who = "what the access rules say" if config.access is not None else "anyone may push, pull and delete"
        print(f"  access   no users are configured: {who}", file=sys.stderr, flush=True)
    else:
        print(f"  access   users in {config.auth.htpasswd}", file=sys.stderr, flush=True)


def _schema(options: argparse.Namespace) -> None:
    del options
    print(json.dumps(schema(), indent=2))


def _check(options: argparse.Namespace) -> None:
    config = place.read(options.file)
    if config.auth is not None:
        try:
            users = htpasswd.parse(_read(config.auth.htpasswd).decode())
        except ValueError as error:
            raise CommandError(f"{config.auth.htpasswd}: {error}") from error
        print(f"{len(users)} user{'' if len(users) == 1 else 's'} in {config.auth.htpasswd}")
        if file := config.auth.tokens.key_file:
            try:
                keys.parse(_read(file))
            except keys.KeyFileError as error:
                raise CommandError(f"{file}: {error}") from error
    if config.tls is not None:
        _check_certificate(config.tls)
    print(f"{options.file} can be used")


def _check_certificate(tls: Tls) -> None:
    files = [file for file in (tls.certificate, tls.key, tls.client_ca) if file]
    try:
        certificates.Front().replace(*(_read(file) for file in files))
    except certificates.CertificateError as error:
        raise CommandError(f"{', '.join(files)}: {error}") from error


def _access(options: argparse.Namespace) -> None:
    path = place.configuration(options)
    if not path:
        raise CommandError(f"there is no {place.CONFIGURATION}: name the file that holds the rules with --config")
    config = place.read(path)
    if not references.is_name(options.repository):
        raise CommandError(f"{options.repository!r} is not a repository name: lower-case letters, digits, . _ - and /")
    groups, robots = (config.auth.groups, config.auth.robots) if config.auth else ({}, {})
    policy = AccessPolicy(config.access, login=config.auth is not None, robots=robots)
    subject = subject_of(options.user, groups) if options.user else ANONYMOUS
    for action in get_args(Action):
        decision = policy.decide(subject, options.repository, action)
        print(f"{action:7} {'allowed' if decision.allowed else 'denied ':8} {decision.reason}")
    if options.user and config.auth is not None and options.user not in robots:
        _note_unknown(options.user, config.auth.htpasswd)


def _note_unknown(user: str, path: str) -> None:
    """Say it when nobody of this name can log in, whatever the rules allow."""
    try:
        known = user in htpasswd.parse(_read(path).decode())
    except (CommandError, ValueError) as error:
        print(f"whether {user!r} can log in is not known: {error}", file=sys.stderr)
    else:
        if not known:
            print(f"but nobody can log in as {user!r}: {path} has no such user", file=sys.stderr)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
