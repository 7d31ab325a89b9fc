"""From the Authorization header to a subject, and from a refusal to the right answer.

Rule: 401 asks for credentials and goes only to those who brought none or wrong ones; who is known and not allowed gets
403. `/v2/` always challenges when there are users, for a client that sees 200 there never sends its password
(REGISTRY-FACTS, what real clients trip over).
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING

from wharf.auth.access import ANONYMOUS, Subject, subject_of
from wharf.auth.credentials import CredentialsBusyError
from wharf.protocol.errors import Problem, RegistryError

if TYPE_CHECKING:
    from wharf.config import Action
    from wharf.http.messages import Request
    from wharf.http.services import Live, Services


async def authenticate(services: Services, live: Live, request: Request) -> Subject:
    """Who sends this request. Raises UNAUTHORIZED for credentials that are not good."""
    header = request.headers.get(b"authorization")
    if header is None or live.credentials is None:
        request.standing = _always
        return ANONYMOUS
    name, password = _basic(live, header)
    if not name and not password:
        return ANONYMOUS  # `Basic Og==` is how some clients say that they have none
    try:
        good = await live.credentials.verify(name, password)
    except CredentialsBusyError as error:
        raise RegistryError(Problem.TOO_MANY_REQUESTS, str(error), headers=[("Retry-After", "1")]) from error
    services.metrics.logins.add("accepted" if good else "refused")
    if not good:
        raise _challenge(live, "wrong user name or password")
    request.standing = partial(live.credentials.accepts, live.credentials.key(name, password))
    auth = live.config.auth
    return subject_of(name, auth.groups if auth else {})


def require_allowed(live: Live, subject: Subject, repository: str, actions: tuple[Action, ...]) -> None:
    """Raise UNAUTHORIZED or DENIED unless the rules allow one of the actions."""
    if live.access.allows(subject, repository, *actions):
        return
    require_login(live, subject)
    # Which rule decided is for the operator (`wharf access`): it names patterns that this client need not know.
    who = f"user {subject.name!r}" if subject.name else "clients without credentials"
    wanted = " or ".join(actions)
    message = f"{who} may not {wanted} in {repository!r}: ask for an access rule that allows it"
    raise RegistryError(Problem.DENIED, message)


def require_login(live: Live, subject: Subject) -> None:
    """Challenge a client without credentials, where credentials exist."""
    if subject.anonymous and live.credentials is not None:
        raise _challenge(live, "authentication required")


def _always() -> bool:
    """Whether a client without credentials still is one."""
    return True


def _basic(live: Live, header: bytes) -> tuple[str, str]:
    scheme, _, encoded = header.strip().partition(b" ")
    if scheme.lower() != b"basic":
        raise _challenge(live, "this registry accepts Basic credentials")
    try:
        decoded = b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _challenge(live, "the Authorization header cannot be read") from error
    name, _, password = decoded.partition(":")
    return name, password


def _challenge(live: Live, message: str) -> RegistryError:
    realm = live.config.auth.realm if live.config.auth else "wharf"
    quoted = realm.encode("ascii", "replace").decode().replace("\\", "\\\\").replace('"', '\\"')
    return RegistryError(
        Problem.UNAUTHORIZED, message, headers=[("WWW-Authenticate", f'Basic realm="{quoted}", charset="UTF-8"')]
    )
