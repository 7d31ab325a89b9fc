"""Secret NAME-user-USER."""

from wharfinger.children.owner import decoded
from wharfinger.children.user import NEXT, user


def test_it_is_as_written_down(owner, golden):
    golden("user", user(owner, name="ci", password="secret", upcoming="", rotation="", rotated_at=""))


def test_a_waiting_password_is_as_written_down(owner, golden):
    made = user(
        owner, name="ci", password="secret", upcoming="next", rotation="2026-11", rotated_at="2026-01-01T00:00:00Z"
    )
    golden("user_rotating", made)
    assert decoded(made, NEXT) == b"next"
    assert "secret" not in str(made["metadata"])
