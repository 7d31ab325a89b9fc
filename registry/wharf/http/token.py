"""`/v2/token`: exchanges a password, or a refresh token, for a Bearer token (Distribution's token and OAuth2 forms).

Rule: a token is issued for a password, or for the lack of one where rules are for everyone; never for another access
token. It covers what was asked for and the rules allow, which may be nothing: the client sees that when it uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from wharf import clock as wall
from wharf.auth import scopes
from wharf.auth.access import Subject, subject_of
from wharf.auth.tokens import REFRESH_SECONDS, Grant
from wharf.http.authentication import login, require_login
from wharf.http.messages import Response, first_line
from wharf.protocol import media_types
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wharf.auth.tokens import Tokens
    from wharf.http.messages import Request
    from wharf.http.services import Services

BODY_LIMIT = 64 * 1024
FIELDS_LIMIT = 64


async def get(services: Services, request: Request) -> Response:
    """A token for whoever the Authorization header names (GET, with `scope` as often as wanted)."""
    tokens = _tokens(request)
    subject = request.subject
    if subject.scope is not None:
        raise RegistryError(Problem.DENIED, "a token is issued for a password, not for another token")
    if not request.live.access.open_to_anonymous():
        require_login(request)
    _check_service(tokens, request.parameter("service"))
    offline = request.parameter("offline_token") == "true"
    return _answer(services, request, subject, request.query().get("scope", ()), offline)


async def post(services: Services, request: Request) -> Response:
    """A token by OAuth2 (RFC 6749): grants `password` and `refresh_token`, scopes with spaces between them."""
    tokens = _tokens(request)
    body = await request.read(BODY_LIMIT, Problem.REQUEST_INVALID)
    try:
        form = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS_LIMIT)
    except ValueError as error:
        raise RegistryError(Problem.REQUEST_INVALID, "the body is not a form") from error

    def field(name: str) -> str:
        return form.get(name, [""])[0]

    _check_service(tokens, field("service"))
    match field("grant_type"):
        case "password":
            subject = await login(services, request, field("username"), field("password"))
            if subject.anonymous:
                raise RegistryError(Problem.UNAUTHORIZED, "send `username` and `password`")
        case "refresh_token":
            subject = _refreshed(request, tokens, field("refresh_token"))
        case other:
            known = "password and refresh_token are"
            raise RegistryError(Problem.REQUEST_INVALID, f"grant_type {first_line(other)!r} is not known: {known}")
    return _answer(services, request, subject, form.get("scope", ()), field("access_type") == "offline")


def _answer(services: Services, request: Request, subject: Subject, wanted: Sequence[str], offline: bool) -> Response:
    tokens, live, now = _tokens(request), request.live, services.clock()
    scope = scopes.narrowed(scopes.parse(wanted), live.access, subject)
    ends = live.credentials.ends(subject.name, subject.proof) if live.credentials and subject.name else float("inf")
    expires = min(now + tokens.lifetime, ends)
    token = tokens.issue(Grant(subject.name, subject.proof, scope, expires))
    answer: dict[str, object] = {
        "token": token,
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": max(1, int(expires - now)),
        "issued_at": wall.rfc3339(now),
        "scope": scopes.text(scope),
    }
    if offline and not subject.anonymous:
        until = min(now + REFRESH_SECONDS, ends)
        answer["refresh_token"] = tokens.issue(Grant(subject.name, subject.proof, frozenset(), until), "refresh")
    headers = [("Content-Type", media_types.JSON), ("Cache-Control", "no-store")]
    return Response(200, headers, msgspec.json.encode(answer))


def _refreshed(request: Request, tokens: Tokens, text: str) -> Subject:
    grant = tokens.read(text.encode("ascii", "replace"), "refresh")
    credentials, auth = request.live.credentials, request.live.config.auth
    if grant is None or credentials is None or not credentials.ends(grant.user, grant.proof):
        raise RegistryError(Problem.UNAUTHORIZED, "the refresh token is not valid any more: log in again")
    return subject_of(grant.user, auth.groups if auth else {}, proof=grant.proof)


def _tokens(request: Request) -> Tokens:
    if request.live.tokens is None:
        raise RegistryError(Problem.ENDPOINT_UNKNOWN, "there are no users here, and so no tokens")
    return request.live.tokens


def _check_service(tokens: Tokens, service: str) -> None:
    if service and service != tokens.audience:
        raise RegistryError(Problem.REQUEST_INVALID, f"this registry issues tokens for {tokens.audience!r} only")
