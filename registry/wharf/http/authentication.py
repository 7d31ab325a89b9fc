"""From the Authorization header to a subject, and from a refusal to the right answer.

Rule: 401 asks for credentials and goes only to those who brought none, wrong ones, or a token that does not cover
enough; who is known and not allowed gets 403. `/v2/` always challenges when there are users, for a client that sees
200 there never sends its password (REGISTRY-FACTS, what real clients trip over).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from wharf.auth.access import ANONYMOUS, Subject, subject_of
from wharf.auth.credentials import CredentialsBusyError
from wharf.http.forwarding import base
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.auth.tokens import Grant
    from wharf.config import Action
    from wharf.http.messages import Request
    from wharf.http.services import Live, Services

TOKEN_PATH = "/v2/token"  # noqa: S105 - the endpoint's path


async def authenticate(services: Services, request: Request) -> Subject:
    """Who sends this request. Raises UNAUTHORIZED for credentials that are not good."""
    header = request.headers.get(b"authorization")
    if header is None or request.live.credentials is None:
        request.standing = _always
        return ANONYMOUS
    scheme, _, value = header.strip().partition(b" ")
    match scheme.lower():
        case b"basic":
            return await login(services, request, *_basic(request, value))
        case b"bearer":
            return _bearer(services, request, value.strip())
    raise _challenge(request, "this registry accepts Basic credentials and Bearer tokens")


async def login(services: Services, request: Request, name: str, password: str) -> Subject:
    """The user of a name and a password. Raises UNAUTHORIZED, or TOO_MANY_REQUESTS after many wrong ones."""
    credentials, auth = request.live.credentials, request.live.config.auth
    if credentials is None or auth is None or (not name and not password):
        return ANONYMOUS  # `Basic Og==` is how some clients say that they have none
    counted = credentials.is_new(name, password)
    if counted and (wait := services.attempts.begin(request.client, name)):
        services.metrics.logins.add("limited")
        raise _later("too many failed logins: wait, then try again", wait)
    try:
        proof = await credentials.prove(name, password)
    except CredentialsBusyError as error:
        if counted:
            services.attempts.succeeded(request.client, name)  # nothing was tried
        raise _later(str(error), 1) from error
    services.metrics.logins.add("accepted" if proof else "refused")
    if not proof:
        raise _challenge(request, "wrong user name or password")
    if counted:
        services.attempts.succeeded(request.client, name)
    request.standing = partial(credentials.accepts, credentials.key(name, password))
    return subject_of(name, auth.groups, proof=proof)


def require_allowed(request: Request, actions: tuple[Action, ...]) -> None:
    """Raise UNAUTHORIZED or DENIED unless token and rules allow one of the actions."""
    access, subject, repository = request.live.access, request.subject, request.name
    if access.allows(subject, repository, *actions):
        return
    needed = f"repository:{repository}:{','.join(('pull', *actions) if 'push' in actions else actions)}"
    if subject.scope is not None and access.allows(replace(subject, scope=None), repository, *actions):
        raise _challenge(request, "the token does not cover this", needed, "insufficient_scope")
    if subject.anonymous and request.live.credentials is not None:
        raise _challenge(request, "authentication required", needed)
    # Which rule decided is for the operator (`wharf access`): it names patterns that this client need not know.
    who = f"user {subject.name!r}" if subject.name else "clients without credentials"
    wanted = " or ".join(actions)
    message = f"{who} may not {wanted} in {repository!r}: ask for an access rule that allows it"
    raise RegistryError(Problem.DENIED, message)


def require_login(request: Request) -> None:
    """Challenge a client without credentials, where credentials exist."""
    subject = request.subject
    if subject.anonymous and subject.scope is None and request.live.credentials is not None:
        raise _challenge(request, "authentication required")


def require_scope(request: Request, needed: tuple[str, str, str]) -> None:
    """Challenge a client whose token does not cover something that is not of one repository."""
    if request.subject.scope is not None and needed not in request.subject.scope:
        raise _challenge(request, "the token does not cover this", ":".join(needed), "insufficient_scope")


def _always() -> bool:
    """Whether a client without credentials still is one."""
    return True


def _basic(request: Request, encoded: bytes) -> tuple[str, str]:
    try:
        decoded = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _challenge(request, "the Authorization header cannot be read") from error
    name, _, password = decoded.partition(":")
    return name, password


def _bearer(services: Services, request: Request, token: bytes) -> Subject:
    live = request.live
    grant = live.tokens.read(token) if live.tokens else None
    known = grant is not None and _stands(live, grant)
    services.metrics.logins.add("accepted" if known else "refused")
    if grant is None or not known:
        raise _challenge(request, "the token is not valid, or not any more", error="invalid_token")
    request.standing = partial(_stands, live, grant)
    if not grant.user:
        return replace(ANONYMOUS, scope=grant.scope)
    auth = live.config.auth
    return subject_of(grant.user, auth.groups if auth else {}, grant.scope, grant.proof)


def _stands(live: Live, grant: Grant) -> bool:
    """Whether a token is in time, and the password that it was issued for still is one."""
    if live.tokens is None or live.credentials is None or live.tokens.clock() >= grant.expires:
        return False
    return not grant.user or live.credentials.ends(grant.user, grant.proof) > 0


def _challenge(request: Request, message: str, scope: str = "", error: str = "") -> RegistryError:
    """The 401 that asks for what the configuration says, or for a token again where one was brought."""
    auth = request.live.config.auth
    realm = auth.realm if auth else "wharf"
    brought = (request.headers.get(b"authorization") or b"")[:7].lower() == b"bearer "
    bearer = brought or (auth is not None and auth.tokens.challenge == "Bearer")
    if bearer and request.path != TOKEN_PATH:
        fields = {"realm": base(request) + TOKEN_PATH, "service": realm, "scope": scope, "error": error}
        value = "Bearer " + ",".join(f'{name}="{_quoted(text)}"' for name, text in fields.items() if text)
    else:
        value = f'Basic realm="{_quoted(realm)}", charset="UTF-8"'
    return RegistryError(Problem.UNAUTHORIZED, message, headers=[("WWW-Authenticate", value)])


def _quoted(text: str) -> str:
    """Text within the quotes of a header field (RFC 9110, section 5.6.4)."""
    return text.encode("ascii", "replace").decode().replace("\\", "\\\\").replace('"', '\\"')


def _later(message: str, seconds: int) -> RegistryError:
    return RegistryError(Problem.TOO_MANY_REQUESTS, message, headers=[("Retry-After", str(seconds))])
