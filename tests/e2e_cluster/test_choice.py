"""Which provider a machine gets."""

import pytest
from e2e.cluster.choice import choose_provider
from e2e.cluster.errors import ClusterError, UnusableMachineError


@pytest.mark.parametrize(
    ("wanted", "docker", "linux", "root", "expected"),
    [
        ("", True, True, True, "kind"),
        ("", True, False, False, "kind"),
        ("", False, True, True, "local"),
        ("local", True, True, True, "local"),
        ("kind", False, True, True, "kind"),
    ],
)
def test_the_provider_is_the_one_asked_for_else_what_the_machine_has(
    wanted: str, docker: bool, linux: bool, root: bool, expected: str
) -> None:
    assert choose_provider(wanted, docker=docker, linux=linux, root=root) == expected


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ClusterError, match="CLUSTER=k3s: use one of kind, local"):
        choose_provider("k3s", docker=True, linux=True, root=True)


@pytest.mark.parametrize(("linux", "missing"), [(True, "root"), (False, "Linux with root")])
def test_a_machine_that_can_run_neither_is_told_what_it_lacks(linux: bool, missing: str) -> None:
    with pytest.raises(UnusableMachineError, match=f"no Docker engine answers.*{missing}"):
        choose_provider("", docker=False, linux=linux, root=False)
