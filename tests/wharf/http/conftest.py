"""What tests of the HTTP layer share."""

import pytest

from wharf.http.fast_answers import Answers


@pytest.fixture
def replayed(monkeypatch):
    """Those answers that were replayed."""
    given = []
    original = Answers.give

    def give(self, replay, *rest):
        given.append(replay)
        return original(self, replay, *rest)

    monkeypatch.setattr(Answers, "give", give)
    return given
