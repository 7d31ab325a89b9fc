"""Errors: every exit status is documented, and has one meaning."""

from kubectl_registry import errors


def test_every_error_has_a_documented_exit_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert {kind.status for kind in kinds} <= set(errors.EXIT_STATUSES)
