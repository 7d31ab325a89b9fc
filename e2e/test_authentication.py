"""A wrong password and no password get a 401 in the form of the distribution spec; the right one gets in."""

from dataclasses import replace
from pathlib import Path

import pytest

from e2e.clients import Login, Skopeo, request
from e2e.kubectl import CommandError


@pytest.mark.parametrize(
    "path", ["/v2/", "/v2/library/hello/manifests/1", "/v2/library/hello/tags/list", "/v2/_catalog"]
)
@pytest.mark.parametrize("credentials", ["none", "wrong password", "unknown user"])
def test_without_valid_credentials_everything_is_a_spec_shaped_401(at: Login, path: str, credentials: str) -> None:
    wrong = replace(at, password="wrong", user="nobody" if credentials == "unknown user" else at.user)
    answer = request(wrong, "GET", path, auth=credentials != "none")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    (error,) = answer.json()["errors"]
    assert error["code"] == "UNAUTHORIZED"
    assert error["message"]


def test_the_generated_user_gets_in(at: Login) -> None:
    assert request(at, "GET", "/v2/").status == 200


def test_skopeo_says_that_the_password_is_wrong(at: Login, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="invalid username/password"):
        Skopeo(replace(at, password="wrong"), tmp_path).login()
