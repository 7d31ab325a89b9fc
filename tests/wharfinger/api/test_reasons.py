"""Reasons are words of the API: CamelCase, explained, and each used."""

import re
from pathlib import Path

import pytest

from wharfinger.api.reasons import Reason

SOURCES = Path(__file__).resolve().parents[3] / "operator" / "wharfinger"


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_is_one_word_with_a_sentence(reason):
    assert re.fullmatch(r"([A-Z][a-z]+)+", reason)
    assert reason.meaning.endswith(".")


def test_a_reason_is_its_word():
    assert Reason.READY == "Ready"
    assert f"{Reason.READY}" == "Ready"


def test_every_reason_is_used():
    text = "".join(path.read_text() for path in SOURCES.rglob("*.py") if path.name != "reasons.py")
    unused = [reason.name for reason in Reason if f"Reason.{reason.name}" not in text]
    assert not unused
