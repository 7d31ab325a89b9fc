"""What is shown: text as it is, JSON alone on standard output, progress only on a terminal."""

import io
import json

import pytest

from kubectl_registry.screen import Screen, styled


def screen(output: str = "table") -> tuple[Screen, io.StringIO, io.StringIO]:
    out, err = io.StringIO(), io.StringIO()
    return Screen(output, out, err), out, err


def test_text_from_a_cluster_is_not_read_as_markup() -> None:
    shown, out, _ = screen()
    shown.line("spec.auth.users[0].rotation [red]")
    shown.table(("A", "B"), [("[bold]x", ":smile:")])
    assert "users[0].rotation [red]" in out.getvalue()
    assert "[bold]x" in out.getvalue()
    assert ":smile:" in out.getvalue()


def test_no_escape_sequence_of_others_reaches_the_terminal() -> None:
    evil = "\x1b]0;title\x07\x1b[2Jgone\x9b31m"
    shown, out, err = screen()
    shown.line(f"{evil}\nnext")
    shown.note(styled(evil, good=True))
    shown.table(("A", "B"), [(evil, styled(evil, good=False))])
    for told in (out.getvalue(), err.getvalue()):
        assert not set("\x1b\x07\x9b") & set(told)
        assert "\\x1b[2Jgone" in told
    assert "\nnext" in out.getvalue()


def test_a_long_cell_is_not_cut_where_there_is_no_terminal() -> None:
    shown, out, _ = screen()
    shown.table(("A",), [("x" * 300,)])
    assert "x" * 300 in out.getvalue()


def test_a_table_without_rows_is_left_out() -> None:
    shown, out, _ = screen()
    shown.table(("A",), [])
    assert out.getvalue() == ""


def test_an_object_is_json() -> None:
    shown, out, _ = screen("json")
    shown.object({"a": "ü"})
    assert json.loads(out.getvalue()) == {"a": "ü"}
    assert shown.as_json


def test_progress_goes_to_standard_error_and_needs_a_terminal() -> None:
    shown, out, err = screen()
    with shown.waiting("Looking"):
        pass
    with shown.progress("Removing", 3) as bar:
        bar.advance(bar.tasks[0].id)
    assert out.getvalue() == ""
    assert err.getvalue() == "Looking …\n"


def test_colours_are_off_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    shown, _, _ = screen()
    assert shown.out.no_color
