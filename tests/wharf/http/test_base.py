"""/v2/ with and without users."""


def test_a_registry_without_users_says_what_it_is(registry):
    answer = registry.request("GET", "/v2/")
    assert (answer.status, answer.json()) == (200, {})
    assert answer.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert registry.request("HEAD", "/v2").status == 200


def test_a_registry_with_users_always_challenges(start, users):
    rules = [{"repositories": ["**"], "anonymous": True, "actions": ["pull"]}]
    registry = start(auth=users(alice="one"), access=rules)
    assert registry.request("GET", "/v2/").status == 401
    assert registry.request("GET", "/v2/", user="alice:one").status == 200
