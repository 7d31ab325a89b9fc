"""The picture is drawn of whatever there is."""

from collections import defaultdict

import pytest
from bench.figures import QUICK, Run

from bench import plot


@pytest.mark.parametrize(
    "measures",
    [
        {},
        {
            "blob GET, TLS, MB/s": {"wharf": [900.0], "Distribution": [450.0], "nginx": [800.0]},
            "memory at rest, MB": {"wharf": [50.0]},
        },
    ],
)
def test_a_picture_is_written(tmp_path, measures):
    run = Run(place=None, effort=QUICK, names=["wharf", "Distribution", "nginx"], say=print)
    run.measures = defaultdict(lambda: defaultdict(list), measures)
    plot.draw(run, tmp_path / "results.png")
    assert (tmp_path / "results.png").read_bytes().startswith(b"\x89PNG")
