"""Generated pages are written, or compared without writing."""

from pathlib import Path

import pytest
from tools.pages import settle


def test_a_page_that_differs_is_told_and_not_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert settle({"docs/a.md": "new\n"}, check=True, root=tmp_path) == 1
    assert "+new" in capsys.readouterr().out
    assert not (tmp_path / "docs").exists()


def test_a_page_is_written_once_and_then_as_it_should_be(tmp_path: Path) -> None:
    assert settle({"docs/a.md": "new\n"}, check=False, root=tmp_path) == 0
    assert (tmp_path / "docs/a.md").read_text() == "new\n"
    assert settle({"docs/a.md": "new\n"}, check=True, root=tmp_path) == 0
