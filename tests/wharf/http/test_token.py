"""The token endpoint, and what its tokens open."""

import json
import time
from urllib.parse import urlencode

import pytest

FORM = "application/x-www-form-urlencoded"
RULES = [
    {"repositories": ["team/**"], "users": ["alice"], "actions": ["pull", "push"]},
    {"repositories": ["open/**"], "anonymous": True, "actions": ["pull"]},
    {"repositories": ["open/**"], "users": ["alice"], "actions": ["push", "delete"]},
]


@pytest.fixture(scope="module")
def registry(start_once):
    auth = {**start_once.users(alice="one", bob="two"), "tokens": {"challenge": "Bearer"}}
    running = start_once(auth=auth, access=RULES)
    for name in ("team/app", "open/app"):
        running.push_image(name, "v1", user="alice:one")
    return running


def token(registry, *scopes, user="alice:one", **parameters):
    query = urlencode([("scope", scope) for scope in scopes] + list(parameters.items()))
    answer = registry.request("GET", f"/v2/token?{query}", user=user)
    assert answer.status == 200, answer.body
    return answer.json()


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def form(registry, **fields):
    return registry.request("POST", "/v2/token", urlencode(fields), Content_Type=FORM)


def test_a_token_says_what_it_is_and_opens_what_was_asked_for(registry):
    answer = token(registry, "repository:team/app:pull", service="wharf", account="alice")
    assert answer["token"] == answer["access_token"]
    assert 60 <= answer["expires_in"] <= 300
    assert answer["issued_at"].endswith("Z")
    assert "refresh_token" not in answer
    headers = bearer(answer["token"])
    assert registry.request("GET", "/v2/team/app/manifests/v1", **headers).status == 200
    assert registry.request("GET", "/v2/", **headers).status == 200
    refused = registry.request("POST", "/v2/team/app/blobs/uploads/", **headers)
    assert refused.status == 401
    assert 'scope="repository:team/app:pull,push"' in refused.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]


def test_the_challenge_names_where_and_what_for(registry):
    answer = registry.request("GET", "/v2/team/app/manifests/v1", Host="registry.example:5000")
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="http://registry.example:5000/v2/token",service="wharf",scope="repository:team/app:pull"'
    )
    assert registry.request("GET", "/v2/").headers["WWW-Authenticate"].startswith("Bearer realm=")


def test_a_token_never_covers_more_than_the_rules_allow(registry):
    answer = token(registry, "repository:team/app:*", "repository:open/app:pull,push", "repository:other:pull")
    assert answer["scope"] == "repository:open/app:pull,push repository:team/app:pull,push"
    mine = token(registry, "repository:team/app:pull,push", user="bob:two")
    assert mine["scope"] == ""
    answer = registry.request("GET", "/v2/team/app/manifests/v1", **bearer(mine["token"]))
    assert (answer.status, answer.code()) == (403, "DENIED")


def test_clients_without_credentials_get_tokens_for_what_is_open(registry):
    answer = token(registry, "repository:open/app:pull,push", user=None, offline_token="true")
    assert answer["scope"] == "repository:open/app:pull"
    assert "refresh_token" not in answer
    assert registry.request("GET", "/v2/open/app/manifests/v1", **bearer(answer["token"])).status == 200
    assert registry.request("GET", "/v2/team/app/manifests/v1", **bearer(answer["token"])).status == 401


def test_wrong_passwords_and_tokens_get_none(registry):
    refused = registry.request("GET", "/v2/token", user="alice:two")
    assert refused.status == 401
    assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert form(registry, grant_type="password", username="alice", password="two").status == 401
    assert form(registry, grant_type="password").status == 401
    mine = token(registry, "repository:team/app:pull")["token"]
    assert registry.request("GET", "/v2/token", **bearer(mine)).status == 403
    assert form(registry, grant_type="refresh_token", refresh_token=mine).status == 401


def test_oauth_gives_tokens_for_a_password_and_for_a_refresh_token(registry):
    fields = {"service": "wharf", "client_id": "test", "scope": "repository:team/app:pull repository:team/b:push"}
    answer = form(registry, grant_type="password", username="alice", password="one", access_type="offline", **fields)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json()["scope"] == "repository:team/app:pull repository:team/b:push"
    again = form(registry, grant_type="refresh_token", refresh_token=answer.json()["refresh_token"], **fields)
    assert registry.request("GET", "/v2/team/app/tags/list", **bearer(again.json()["access_token"])).status == 200
    assert registry.request("GET", "/v2/", **bearer(answer.json()["refresh_token"])).status == 401


@pytest.mark.parametrize(
    "fields", [{}, {"grant_type": "x"}, {"grant_type": "password", "service": "other", "username": "a"}]
)
def test_requests_that_make_no_sense_are_told_so(registry, fields):
    assert form(registry, **fields).status == 400


def test_a_body_that_is_no_form_or_too_long_is_refused(registry):
    assert registry.request("POST", "/v2/token", b"\xff\xfe", Content_Type=FORM).status == 400
    assert registry.request("POST", "/v2/token", b"a" * 70_000, Content_Type=FORM).status == 400
    assert registry.request("GET", "/v2/token?service=other", user="alice:one").status == 400


def test_the_catalog_needs_a_scope_of_its_own_and_shows_what_the_user_may_see(registry):
    one = token(registry, "repository:team/app:pull")["token"]
    refused = registry.request("GET", "/v2/_catalog", **bearer(one))
    assert refused.status == 401
    assert 'scope="registry:catalog:*"' in refused.headers["WWW-Authenticate"]
    two = token(registry, "registry:catalog:*", user="bob:two")["token"]
    assert registry.request("GET", "/v2/_catalog", **bearer(two)).json() == {"repositories": ["open/app"]}
    mine = token(registry, "registry:catalog:*")["token"]
    assert registry.request("GET", "/v2/_catalog", **bearer(mine)).json() == {"repositories": ["open/app", "team/app"]}


def test_a_mount_needs_a_token_for_both_repositories(registry):
    digest = registry.push_blob("team/source", b"to be mounted", user="alice:one")
    path = f"/v2/team/target/blobs/uploads/?mount={digest}&from=team/source"
    one = token(registry, "repository:team/target:pull,push")["token"]
    assert registry.request("POST", path, **bearer(one)).status == 202
    both = token(registry, "repository:team/target:pull,push", "repository:team/source:pull")["token"]
    assert registry.request("POST", path, **bearer(both)).status == 201


def test_a_token_dies_with_its_password_and_not_with_another(start, users):
    registry = start(auth=users(alice="one", bob="two"))
    kept = form(registry, grant_type="password", username="alice", password="one", access_type="offline").json()
    bobs = token(registry, user="bob:two")["token"]
    users(alice="new", bob="two")
    registry.wharf.reloader._load("htpasswd")
    assert registry.request("GET", "/v2/", **bearer(kept["token"])).status == 401
    assert form(registry, grant_type="refresh_token", refresh_token=kept["refresh_token"]).status == 401
    assert registry.request("GET", "/v2/", user="alice:new").status == 200
    # bob's line was hashed anew as well: same password, another line
    assert registry.request("GET", "/v2/", **bearer(bobs)).status == 401


def test_a_token_lives_no_longer_than_its_line(start, hashed):
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.clock_gettime(time.CLOCK_REALTIME) + 90))
    (start.path / "htpasswd").write_text(f"alice:{hashed('one')}:{soon}\n")
    registry = start(auth={"htpasswd": str(start.path / "htpasswd")})
    assert 60 < token(registry)["expires_in"] <= 90


def test_replicas_with_one_key_file_take_each_others_tokens_and_a_key_is_replaced_at_leisure(start, users):
    file = start.path / "keys"
    file.write_text("a" * 32 + "\n")
    auth = {**users(alice="one"), "tokens": {"keyFile": str(file)}}
    first = start("one.yaml", auth=auth, data=str(start.path / "one"))
    second = start("two.yaml", auth=auth, data=str(start.path / "two"))
    old = token(first)["token"]
    assert second.request("GET", "/v2/", **bearer(old)).status == 200
    file.write_text("b" * 32 + "\n" + "a" * 32 + "\n")
    second.wharf.reloader._load("token_keys")
    assert second.request("GET", "/v2/", **bearer(old)).status == 200
    file.write_text("b" * 32 + "\n")
    second.wharf.reloader._load("token_keys")
    assert second.request("GET", "/v2/", **bearer(old)).status == 401
    file.write_text("short")
    second.wharf.reloader._load("token_keys")
    assert second.request("GET", "/v2/", **bearer(token(second)["token"])).status == 200


def test_without_users_there_are_no_tokens(start):
    registry = start()
    assert registry.request("GET", "/v2/token").status == 404
    assert json.loads(registry.request("GET", "/v2/token").body)["errors"][0]["code"] == "UNSUPPORTED"


def test_a_replayed_answer_ends_with_its_token(start, users):
    registry = start(auth=users(alice="one"))
    registry.push_image("team/app", "v1", user="alice:one")
    headers = bearer(token(registry, "repository:team/app:pull")["token"])
    for _ in range(3):
        assert registry.request("GET", "/v2/team/app/manifests/v1", **headers).status == 200
    object.__setattr__(registry.wharf.reloader.live.tokens, "clock", lambda: 1e12)
    assert registry.request("GET", "/v2/team/app/manifests/v1", **headers).status == 401
