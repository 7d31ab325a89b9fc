"""Facts: what cannot be seen is unknown, with the reason."""

from tests.kubectl_registry.conftest import registry
from tests.kubectl_registry.doctor.conftest import outside, well

from kubectl_registry.doctor.facts import Unknown, ask
from kubectl_registry.errors import ForbiddenError


def test_a_question_that_is_refused_is_unknown() -> None:
    def refused() -> int:
        raise ForbiddenError("you may not")

    assert ask(refused) == Unknown("you may not")
    assert ask(lambda: 3) == 3


def test_a_way_is_open_when_the_registry_answered() -> None:
    assert outside().is_open
    assert not outside(answer=0).is_open


def test_passwords_go_to_a_pod_of_the_api_server_or_to_a_server_that_proved_who_it_is() -> None:
    assert outside(verified=True).takes_passwords
    assert outside(forwarded=True).takes_passwords
    assert not outside().takes_passwords  # plain HTTP, too: nobody proves anything there
    assert not outside(verified=True, answer=0).takes_passwords


def test_a_registry_is_stopped_by_its_spec() -> None:
    assert not well().stopped
    for spec in ({"replicas": 0}, {"hibernate": True}):
        assert well(registry=registry() | {"spec": spec}).stopped
