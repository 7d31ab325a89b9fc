"""Words: spans as kubectl has them, amounts that people read."""

from datetime import UTC, datetime, timedelta

import pytest

from kubectl_registry import wording

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (45, "45s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172799, "47h"), (172800, "2d")],
)
def test_a_span_has_one_unit(seconds: int, text: str) -> None:
    assert wording.span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("time", "text"),
    [("2026-11-25T11:00:00Z", "60m ago"), ("2026-11-26T12:00:00+00:00", "in 24h"), (None, "-"), ("soon", "-")],
)
def test_a_time_is_told_from_now(time: str | None, text: str) -> None:
    assert wording.ago(time, NOW) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (3 * 2**19, "1.5 MiB"), (2**60, "1024.0 PiB")],
)
def test_an_amount_has_the_unit_that_fits(count: int, text: str) -> None:
    assert wording.amount(count) == text


def test_a_noun_follows_its_number() -> None:
    counted = [
        wording.count(1, "blob"),
        wording.count(2, "blob"),
        wording.count(2, "registry"),
        wording.count(0, "day"),
    ]
    assert counted == ["1 blob", "2 blobs", "2 registries", "0 days"]
