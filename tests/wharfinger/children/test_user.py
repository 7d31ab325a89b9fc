"""Secret NAME-user-USER."""

from wharfinger.children.owner import decoded
from wharfinger.children.user import NEXT, REVOKE, ROTATED_AT, ROTATION, user


def test_it_is_as_written_down(owner, golden):
    golden("user", user(owner, name="ci", password="secret", upcoming="", notes={}))


def test_a_waiting_password_is_as_written_down(owner, golden):
    notes = {ROTATION: "2026-11", ROTATED_AT: "2026-01-01T00:00:00Z", REVOKE: ""}
    made = user(owner, name="ci", password="secret", upcoming="next", notes=notes)
    golden("user_rotating", made)
    assert decoded(made, NEXT) == b"next"
    assert "secret" not in str(made["metadata"])
