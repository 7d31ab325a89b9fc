"""401, 403 and whom they are for."""

import base64
import itertools
import time

import pytest

from wharf.auth import attempts


@pytest.fixture(scope="module")
def closed(start_once):
    rules = [
        {"repositories": ["team/**"], "groups": ["builders"], "actions": ["pull", "push"]},
        {"repositories": ["public/**"], "anonymous": True, "actions": ["pull"]},
        {"repositories": ["public/**"], "users": ["alice"], "actions": ["push"]},
    ]
    auth = {**start_once.users(alice="one", bob="two"), "realm": 'a "realm"', "groups": {"builders": ["alice"]}}
    return start_once(auth=auth, access=rules)


def guessed(allowed, guess):
    """Guess until one is refused with 429. One more fits for each that was forgotten while the guesses were made."""
    burst, seconds = allowed
    begun, statuses = time.monotonic(), []
    for number in itertools.count():
        statuses.append(guess(number))
        if statuses[-1] != 401:
            break
    forgotten = (time.monotonic() - begun) / seconds
    assert statuses[-1] == 429
    assert burst <= len(statuses) - 1 <= burst + forgotten


def test_no_password_and_a_wrong_one_get_a_challenge_in_the_specified_form(closed):
    for user in (None, "alice:wrong", "nobody:one", "alice:"):
        answer = closed.request("GET", "/v2/team/app/tags/list", user=user)
        assert answer.status == 401
        assert answer.code() == "UNAUTHORIZED"
        assert answer.headers["WWW-Authenticate"].startswith(r'Basic realm="a \"realm\""')


def test_a_known_user_who_is_not_allowed_is_denied_not_challenged(closed):
    answer = closed.request("GET", "/v2/team/app/tags/list", user="bob:two")
    assert (answer.status, answer.code()) == (403, "DENIED")
    assert answer.headers["WWW-Authenticate"] is None
    assert "builders" not in answer.body.decode()


def test_anonymous_clients_get_what_is_open_and_are_challenged_elsewhere(closed):
    pushed, content = closed.push_image("public/app", "v1", user="alice:one")
    assert pushed.status == 201
    assert closed.request("GET", "/v2/public/app/manifests/v1").body == content
    assert closed.request("DELETE", "/v2/public/app/manifests/v1").status == 401
    assert closed.request("DELETE", "/v2/public/app/manifests/v1", user="alice:one").status == 403


def test_empty_credentials_mean_none(closed):
    assert closed.request("GET", "/v2/", user=":").status == 401
    assert closed.request("GET", "/v2/public/none/manifests/v1", user=":").status == 404


@pytest.mark.parametrize(
    "header", ["Bearer abc", "Basic !!!", "Basic", "", "Basic " + base64.b64encode(b"\xff\xfe").decode()]
)
def test_a_header_that_cannot_be_used_is_a_challenge_never_an_error(closed, header):
    assert closed.request("GET", "/v2/", Authorization=header).status == 401


def test_a_user_without_a_colon_is_a_wrong_password(closed):
    header = "Basic " + base64.b64encode(b"alice").decode()
    assert closed.request("GET", "/v2/", Authorization=header).status == 401


def test_credentials_do_not_matter_where_there_are_no_users(registry):
    assert registry.request("GET", "/v2/", user="some:body").status == 200


def test_logins_are_counted_by_outcome(start, users):
    registry = start(auth=users(alice="one"))
    registry.request("GET", "/v2/", user="alice:one")
    registry.request("GET", "/v2/", user="alice:wrong")
    metrics = registry.request("GET", "/metrics", admin=True).body.decode()
    assert 'wharf_logins_total{outcome="accepted"} 1' in metrics
    assert 'wharf_logins_total{outcome="refused"} 1' in metrics


def test_guesses_are_refused_after_some_and_who_is_logged_in_is_not(start, users):
    registry = start(auth=users(alice="one", bob="two"))
    assert registry.request("GET", "/v2/", user="alice:one").status == 200
    for account in ("alice", "nobody"):
        guessed(
            attempts.ACCOUNT,
            lambda number, account=account: registry.request("GET", "/v2/", user=f"{account}:guess{number}").status,
        )
    refused = registry.request("GET", "/v2/", user="nobody:again")
    assert (refused.status, refused.code()) == (429, "TOOMANYREQUESTS")
    assert 1 <= int(refused.headers["Retry-After"]) <= 5
    assert registry.request("GET", "/v2/", user="alice:one").status == 200
    assert registry.request("GET", "/v2/", user="bob:two").status == 200


def test_the_same_wrong_password_again_is_one_guess(start, users):
    registry = start(auth=users(alice="one"))
    assert {registry.request("GET", "/v2/", user="alice:old").status for _ in range(40)} == {401}


def test_guesses_count_for_the_client_behind_a_trusted_proxy(start, users):
    registry = start(auth=users(alice="one"), trustedProxies=["127.0.0.1"])

    def guess(account, number, address):
        return registry.request("GET", "/v2/", user=f"{account}:x{number}", X_Forwarded_For=address).status

    guessed(attempts.SOURCE, lambda number: guess(f"user{number}", number, "203.0.113.1"))
    assert guess("user1", 99, "203.0.113.2") == 401


def test_a_client_cannot_name_another_address_above_the_line_of_its_proxy(start, users):
    registry = start(auth=users(alice="one"), trustedProxies=["127.0.0.1"])

    def guess(number):
        lines = f"X-Forwarded-For: 198.51.100.{number}\r\nX-Forwarded-For: 203.0.113.1\r\n"
        wrong = base64.b64encode(f"user{number}:wrong".encode()).decode()
        head = f"GET /v2/ HTTP/1.1\r\nHost: a\r\nAuthorization: Basic {wrong}\r\n{lines}\r\n"
        return int(registry.raw(head.encode())[9:12])

    guessed(attempts.SOURCE, guess)
