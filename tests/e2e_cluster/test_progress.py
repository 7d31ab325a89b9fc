"""Progress lines."""

import re

import pytest
from e2e.cluster import progress


@pytest.mark.parametrize(("seconds", "text"), [(3.24, "   3.2s"), (599.9, " 599.9s"), (725.0, " 12m05s")])
def test_elapsed_time_reads_well(seconds: float, text: str) -> None:
    assert progress.stamp(seconds) == text


def test_a_step_says_that_it_began_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.step("doing it"):
        pass
    captured = capsys.readouterr()
    assert "doing it ..." in captured.err
    assert re.search(r"doing it: done in \d+\.\ds", captured.err)
    assert captured.out == ""


def test_a_step_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), progress.step("doing it"):
        raise KeyError
    assert "doing it: failed after" in capsys.readouterr().err


def test_a_long_step_says_how_far_it_is(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0.01)
    asked: list[int] = []

    def how_far() -> str:
        asked.append(1)
        return "half-way"

    with progress.step("doing it", how_far):
        while not asked:
            pass
    assert "doing it: still at it after 0s, half-way" in capsys.readouterr().err
