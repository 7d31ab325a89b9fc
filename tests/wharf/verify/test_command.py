"""What `wharf verify` says to a person."""

import contextlib

import pytest

from wharf.cli import main
from wharf.metadata.audit import Counts
from wharf.verify.command import how_far
from wharf.verify.findings import Tally


def test_a_finding_is_told_with_what_it_concerns_and_a_remedy(damaged, capsys, tmp_path):
    damaged.path(damaged.layers[0]).write_bytes(b"corrupt")
    with pytest.raises(SystemExit, match="1"):
        main(["verify", "--data", str(tmp_path / "data")])
    out, err = capsys.readouterr()
    first, concerns, remedy = out.splitlines()
    assert first.startswith(f"BlobCorrupt {damaged.layers[0]}: its 7 bytes are not")
    assert concerns == "  concerns team/app:v1"
    assert remedy.startswith("  remedy: run `wharf verify --repair`")
    assert err.splitlines()[-1] == "1 problem, 0 repaired"
    with contextlib.suppress(SystemExit):
        main(["verify", "--repair", "--data", str(tmp_path / "data")])
    assert "  repaired: set aside in " in capsys.readouterr().out


def test_how_far_it_is_stands_in_one_line():
    assert how_far(Counts(2, 4, 8 << 20), Tally(1, 2, 3 << 20)) == "1 of 2 manifests, 2 of 4 blobs, 3 of 8 MiB"


def test_a_directory_without_a_registry_is_one_line(capsys, tmp_path):
    with pytest.raises(SystemExit, match="1"):
        main(["verify", "--data", str(tmp_path)])
    assert capsys.readouterr().err.startswith(f"wharf: {tmp_path} holds no registry's data")
