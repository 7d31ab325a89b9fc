"""Messages have their numbers in words."""

import pytest

from wharf.wording import count, duration

DAY = 86400


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (7300, "2 hours"), (2 * DAY, "2 days")],
)
def test_times_in_words(seconds, words):
    assert duration(seconds) == words


def test_counts_in_words():
    assert [count(0, "blob"), count(1, "blob"), count(2, "repository", "repositories")] == [
        "0 blobs",
        "1 blob",
        "2 repositories",
    ]
