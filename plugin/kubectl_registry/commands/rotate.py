"""`kubectl registry rotate`: replace a generated password, and wait until the new one works.

Rule: it writes spec.auth.users[].rotation and nothing else, keeps the rotations that it wrote earlier, and does not
fight with a GitOps tool that owns the field.
"""

from __future__ import annotations

import json
from datetime import datetime

from kubectl_registry import clock, ownership, registries, wording
from kubectl_registry.errors import LateError, NotFoundError, RefusedError, UsageError
from kubectl_registry.kube.api import Object
from kubectl_registry.kube.kinds import REGISTRY
from kubectl_registry.registries import User
from kubectl_registry.session import Session

_USERS = ("f:spec", "f:auth", "f:users")
_PAUSE = 0.5
"""Seconds between two looks at the Registry."""


def run(session: Session) -> int:
    """Carry out the command."""
    before, options = session.registry(), session.options
    user = choose(before, options.user)
    warning = check(before, user, force=options.force)
    if warning:
        session.screen.note(f"Note: {warning}")
    text = clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    written = session.api.apply(REGISTRY, change(before, user, text), force=True)
    if not options.wait:
        session.screen.note(f"Asked for a new password of {user.name}: kubectl registry status {options.name}")
        return 0
    with session.screen.waiting(f"Waiting for the new password of {user.name}"):
        after = _wait(session, user, written)
    told = registries.users(after)
    report(session, next(each for each in told if each.name == user.name))
    return 0


def choose(registry: Object, name: str) -> User:
    """The user whose password is to be replaced. Raises NotFoundError, and UsageError when it cannot be."""
    users = registries.users(registry)
    names = ", ".join(each.name for each in users)
    if not name and len(users) > 1:
        raise UsageError(f"say whose password with --user: {names}")
    chosen = next((each for each in users if each.name == name), None) if name else users[0]
    if chosen is None:
        raise NotFoundError(f"there is no user {name!r}: there is {names}")
    if chosen.given:
        raise UsageError(
            f"the password of {chosen.name} comes from key {chosen.key} of Secret {chosen.secret}: change it there, "
            "and the registry takes it up"
        )
    return chosen


def check(registry: Object, user: User, *, force: bool) -> str:
    """What to know before the change. Raises RefusedError when a GitOps tool would undo it."""
    path = [*_USERS, f"k:{json.dumps({'name': user.name}, separators=(',', ':'))}", "f:rotation"]
    owners = ownership.owners(registry, path)
    tools = sorted({tool for tool in map(ownership.tool, owners) if tool})
    keeper = ownership.keeper(registry)
    if (tools or (keeper and owners)) and not force:
        raise RefusedError(
            f"{' and '.join(tools) or keeper} owns spec.auth.users[{user.name}].rotation and would put it back, which "
            "rotates once more: change it where the manifest is kept, or use --force"
        )
    if keeper:
        return (
            f"{keeper} keeps this Registry. If it does not tolerate a field that its source lacks, write the rotation "
            "there instead, or have it ignore spec.auth.users[].rotation."
        )
    if owners:
        return (
            f"the rotation was last written by {', '.join(owners)}: write the new text there as well, or the next "
            "apply of it rotates again."
        )
    return ""


def change(registry: Object, user: User, text: str) -> Object:
    """The object to apply: this rotation, and those that we applied before, which would be dropped otherwise."""
    spec_users = (registry.get("spec") or {}).get("auth", {}).get("users") or []
    live = {each["name"]: each.get("rotation") for each in spec_users}
    rotations = {user.name: text}
    for key, fields in ownership.mine(registry, _USERS).items():
        if key.startswith("k:") and "f:rotation" in fields:
            name = json.loads(key.removeprefix("k:"))["name"]
            if live.get(name):
                rotations.setdefault(name, live[name])
    users = [{"name": name, "rotation": value} for name, value in sorted(rotations.items())]
    return {
        "apiVersion": REGISTRY.api_version,
        "kind": REGISTRY.name,
        "metadata": {"name": registries.name(registry), "namespace": registries.namespace(registry)},
        "spec": {"auth": {"users": users}},
    }


def is_live(registry: Object, user: User, generation: int) -> bool:
    """Whether the password was replaced and every replica has loaded the new one. `user` is as it was before."""
    now = next((each for each in registries.users(registry) if each.name == user.name), None)
    credentials = registries.condition(registry, "CredentialsReady")
    seen = int(registries.status(registry).get("observedGeneration") or 0) >= generation
    replaced = now is not None and bool(now.rotated_at) and now.rotated_at != user.rotated_at
    return seen and replaced and credentials.get("status") == "True"


def _wait(session: Session, user: User, written: Object) -> Object:
    generation, deadline = int(written["metadata"]["generation"]), clock.steady() + session.options.timeout
    while True:
        registry = session.registry()
        if is_live(registry, user, generation):
            return registry
        if clock.steady() > deadline:
            told = registries.condition(registry, "CredentialsReady")
            paused = (
                " (the operator has not seen the change: is it running?)" if not registries.settled(registry) else ""
            )
            raise LateError(
                f"the new password of {user.name} does not work yet{paused}: "
                f"{told.get('message') or 'no condition says why'}; `kubectl registry doctor {session.options.name}` "
                "tells more"
            )
        clock.pause(_PAUSE)


def report(session: Session, user: User) -> None:
    """Say that it is done, and until when the old password works."""
    if session.screen.as_json:
        session.screen.object(
            {
                "user": user.name,
                "secretName": user.secret,
                "rotatedAt": user.rotated_at,
                "previousValidUntil": user.previous_valid_until,
            }
        )
        return
    for line in done(user, clock.now()):
        session.screen.line(line)


def done(user: User, now: datetime) -> list[str]:
    """The same in words."""
    until = user.previous_valid_until
    old = f"works until {until} ({wording.ago(until, now)})" if until else "does not work any more"
    return [
        f"The new password of {user.name} works; it is in Secret {user.secret}.",
        f"The old one {old}.",
    ]
