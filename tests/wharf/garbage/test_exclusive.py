"""One collection runs at a time."""

import pytest

from wharf.garbage.exclusive import SweepRunningError, alone


def test_one_at_a_time_and_the_next_when_it_has_ended(tmp_path):
    for _ in range(2):
        with alone(tmp_path / "lock"), pytest.raises(SweepRunningError, match="wait"), alone(tmp_path / "lock"):
            pass
