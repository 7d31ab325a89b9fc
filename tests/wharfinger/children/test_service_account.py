"""ServiceAccount NAME."""

from wharfinger.children.service_account import service_account


def test_it_is_as_written_down(owner, golden):
    golden("service_account", service_account(owner))


def test_no_pod_gets_its_token(owner):
    assert service_account(owner)["automountServiceAccountToken"] is False
