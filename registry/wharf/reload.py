"""Watches the files of the configuration and puts new content to use, without dropping a connection.

Rule: what works replaces what is there, whole; what is broken changes nothing, and says so in /status and the metrics.
A file is known by what its path leads to: the kubelet swaps the symlink `..data`, and neither the path nor the
directory that it is in changes then.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from wharf import certificates, logs
from wharf import clock as wall
from wharf.auth import htpasswd, keys
from wharf.auth.access import AccessPolicy
from wharf.auth.credentials import Credentials, make_pool
from wharf.auth.tokens import Tokens
from wharf.config import Config, ConfigError, parse
from wharf.http.services import Live

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping

    from wharf.clock import Clock
    from wharf.metrics import Metrics

log = logging.getLogger("wharf.reload")

INTERVAL = 0.5
"""Seconds between two looks at the files."""

_FIXED = ("address", "admin_address", "data", "workers")


Fingerprint = tuple[str, tuple[int, ...]]
"""Where a path leads, and what tells one content there from another."""

Fingerprints = tuple[Fingerprint, ...]


class LoadError(Exception):
    """A file cannot be used; the message names it and says what is wrong."""


@dataclass(slots=True)
class FileState:
    """What is in use of one file, as /status shows it. `error`: why its newest version is not."""

    sha256: str = ""
    loaded_at: str = ""
    error: str = ""

    def report(self) -> dict[str, str]:
        """The form of /status."""
        return {"sha256": self.sha256, "loadedAt": self.loaded_at, "error": self.error}


@dataclass(slots=True)
class _Watched:
    """One thing that is loaded from one or more files."""

    name: str
    paths: tuple[str, ...]
    state: FileState = field(default_factory=FileState)
    loaded: Fingerprints = ()  # when it was last tried
    last: Fingerprints = ()  # at the last look


class Reloader:
    """Everything that is loaded from files, and keeps itself loaded."""

    def __init__(
        self,
        metrics: Metrics,
        path: str = "",
        overrides: Mapping[str, str] | None = None,
        clock: Clock = wall.now,
    ) -> None:
        self._metrics = metrics
        self._clock = clock
        self._overrides = dict(overrides or {})
        self._pool = make_pool()
        self._watched: dict[str, _Watched] = {}
        self._listeners: list[Callable[[Live], None]] = []
        self.config = Config()
        self.live = Live(self.config, AccessPolicy(None, login=False))
        self.tls: ssl.SSLContext | None = None  # of the admin listener
        self.front: certificates.Front | None = None  # of the public one
        self._authorities = FileState()  # the client CAs, which are loaded with the certificate
        self.admin_token = ""
        self._credentials: Credentials | None = None
        self._keys: tuple[bytes, ...] = ()
        self._takers: dict[str, Callable[..., str]] = {
            "configuration": self._take_configuration,
            "htpasswd": self._take_htpasswd,
            "certificate": self._take_certificate,
            "admin_token": self._take_admin_token,
            "token_keys": self._take_token_keys,
        }
        if path:
            self._watch("configuration", path)

    def load(self) -> Config:
        """Load everything for the first time; the configuration. Raises LoadError for anything that is broken."""
        if "configuration" in self._watched:
            self._load("configuration")
        else:
            self._use(self._overridden(Config()))
        for watched in self._watched.values():
            if watched.state.error:
                raise LoadError(f"{watched.paths[0]}: {watched.state.error}")
        return self.config

    def on_change(self, listener: Callable[[Live], None]) -> None:
        """Call `listener` with the settings whenever they change."""
        self._listeners.append(listener)

    def report(self, name: str) -> dict[str, str] | None:
        """The state of `configuration`, `htpasswd`, `certificate` or `client_ca`; None when there is no such file."""
        if name == "client_ca":
            error = self._watched["certificate"].state.error if "certificate" in self._watched else ""
            return {**self._authorities.report(), "error": error} if self._authorities.sha256 else None
        watched = self._watched.get(name)
        return watched.state.report() if watched else None

    async def run(self) -> None:
        """Look at the files until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            self.poll()

    def poll(self) -> None:
        """Look at the files once, and load what has changed.

        A path that leads somewhere new was swapped, and is whole. A file that is written in place may be half written:
        it is loaded once it has been the same at two looks.
        """
        for name, watched in tuple(self._watched.items()):
            now = _fingerprints(watched.paths)
            swapped = [one[0] for one in now] != [one[0] for one in watched.loaded]
            if now != watched.loaded and (swapped or now == watched.last) and name in self._watched:
                self._load(name)
            watched.last = now

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _watch(self, name: str, *paths: str) -> bool:
        """Watch these files under this name, no files: none; whether that is new."""
        before = self._watched.get(name)
        if not paths:
            self._watched.pop(name, None)
        elif before is None or before.paths != paths:
            self._watched[name] = _Watched(name, paths)
        return (before.paths if before else ()) != paths

    def _load(self, name: str) -> None:
        watched = self._watched[name]
        watched.loaded = _fingerprints(watched.paths)
        try:
            contents = [Path(path).read_bytes() for path in watched.paths]
            note = self._takers[name](*contents)
        except (OSError, ValueError) as error:
            detail = error.strerror or "cannot be read" if isinstance(error, OSError) else str(error)
            watched.state.error = detail
            log.warning("file not usable, keeping what is in use", extra={"file": watched.paths[0], "cause": detail})
        else:
            digest = hashlib.sha256(contents[0]).hexdigest()
            watched.state.sha256 = digest
            watched.state.loaded_at = wall.rfc3339(self._clock())
            watched.state.error = note
            self._metrics.reload_time.set(name, value=self._clock())
            log.info("file loaded", extra={"file": watched.paths[0], "sha256": digest})
        self._metrics.reload_failed.set(name, value=float(bool(watched.state.error)))

    def _take_configuration(self, content: bytes) -> str:
        before = self.config
        config = self._overridden(parse(content))
        if self._watched["configuration"].state.sha256:
            changed = [name for name in _FIXED if getattr(before, name) != getattr(config, name)]
            changed += ["tls"] if (before.tls is None) != (config.tls is None) else []
            config = msgspec.structs.replace(config, **{name: getattr(before, name) for name in _FIXED})
            if "tls" in changed:
                config = msgspec.structs.replace(config, tls=before.tls)
        else:
            changed = []
        self._use(config)
        return f"{', '.join(changed)}: a change here takes effect when wharf is started again" if changed else ""

    def _use(self, config: Config) -> None:
        """Put a configuration to use, with the files that it names. Raises ConfigError when one of those is broken."""
        previous, self.config = (self.config, self._credentials), config
        users = (config.auth.htpasswd,) if config.auth else ()
        tls = config.tls
        pair = tuple(filter(None, (tls.certificate, tls.key, tls.client_ca))) if tls else ()
        token = (config.admin_token_file,) if config.admin_token_file else ()
        signing = (config.auth.tokens.key_file,) if config.auth and config.auth.tokens.key_file else ()
        named = {"htpasswd": users, "certificate": pair, "admin_token": token, "token_keys": signing}
        for name, paths in named.items():
            before = self._watched.get(name)
            if self._watch(name, *paths) and paths:
                self._load(name)
                if before is not None and (error := self._watched[name].state.error):
                    self._watched[name] = before
                    self.config, self._credentials = previous
                    self._swap()
                    raise ConfigError(f"{paths[0]}: {error}")
        if not users:
            self._credentials = None
        if not token:
            self.admin_token = ""
        if not signing:
            self._keys = keys.of_directory(config.data) if config.auth else ()
        self._swap()
        logs.set_level(config.log_level)

    def _take_htpasswd(self, content: bytes) -> str:
        try:
            users = htpasswd.parse(content.decode())
        except UnicodeDecodeError as error:
            raise htpasswd.HtpasswdError("the file is not UTF-8 text") from error
        self._credentials = Credentials(users, self._clock, self._pool)
        self._swap()
        return ""

    def _take_certificate(self, certificate: bytes, key: bytes, authorities: bytes | None = None) -> str:
        if authorities is not None and not authorities.strip():
            raise ConfigError("the file of client CAs is empty: nobody could connect")
        if self.tls is None or self.front is None:
            self.tls, self.front = certificates.new_context(), certificates.Front()
        self.front.replace(certificate, key, authorities or b"")
        certificates.load(self.tls, certificate, key)
        digest = "" if authorities is None else hashlib.sha256(authorities).hexdigest()
        self._authorities = FileState(digest, wall.rfc3339(self._clock()))
        return ""

    def _take_admin_token(self, content: bytes) -> str:
        token = content.decode("utf-8", "replace").strip()
        if not token:
            raise ConfigError("the file is empty: put a long random token in it")
        self.admin_token = token
        return ""

    def _take_token_keys(self, content: bytes) -> str:
        self._keys = keys.parse(content)
        self._swap()
        return ""

    def _swap(self) -> None:
        auth = self.config.auth
        policy = AccessPolicy(self.config.access, login=auth is not None, robots=auth.robots if auth else {})
        tokens = Tokens(self._keys, auth.realm, auth.tokens.lifetime, self._clock) if auth and self._keys else None
        self.live = Live(self.config, policy, self._credentials if auth else None, tokens)
        for listener in self._listeners:
            listener(self.live)

    def _overridden(self, config: Config) -> Config:
        return msgspec.structs.replace(config, **self._overrides)


def _fingerprints(paths: tuple[str, ...]) -> Fingerprints:
    return tuple(_fingerprint(path) for path in paths)


def _fingerprint(path: str) -> Fingerprint:
    resolved = os.path.realpath(path)
    try:
        status = os.stat(resolved)  # noqa: PTH116 - realpath gives text, and this runs twice a second for every file
    except OSError:
        return resolved, ()
    return resolved, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
