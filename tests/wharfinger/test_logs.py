"""A log line is one JSON object."""

import asyncio
import json
import logging

import pytest

from wharfinger import logs


def formatted(**more: object) -> dict[str, str]:
    record = logging.LogRecord("wharfinger.x", logging.WARNING, __file__, 1, "it is %s", ("so",), None)
    record.__dict__.update(more)
    line = logs.JsonFormatter().format(record)
    assert "\n" not in line
    parsed: dict[str, str] = json.loads(line)
    return parsed


def test_a_line_is_one_json_object() -> None:
    line = formatted(namespace="ci", registry="team", password="never")
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "wharfinger.x",
        "message": "it is so",
        "namespace": "ci",
        "registry": "team",
    }


def test_a_defect_carries_its_trace() -> None:
    error = ValueError("broken")
    assert "ValueError: broken" in formatted(exc_info=(ValueError, error, None))["trace"]


def test_everything_of_this_process_is_logged_alike(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    before = root.level
    logs.configure("INFO")
    logging.getLogger("anyone").info("hello")
    logging.getLogger("kopf.objects").info("too much")
    logging.getLogger("kopf._core.reactor.running").warning("OS signals are ignored: running not in the main thread.")
    root.handlers.clear()
    root.setLevel(before)
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["message"] == "hello"


@pytest.mark.parametrize(
    ("context", "levels"),
    [
        ({"transport": None, "exception": RuntimeError("unable to write to <X>; the handler is closed")}, ["DEBUG"]),
        ({"transport": None, "exception": RuntimeError("else")}, ["ERROR"]),
        ({"message": "a task that nobody waits for", "exception": OSError("x")}, ["ERROR"]),
    ],
)
async def test_a_connection_that_ends_is_no_defect_and_all_else_is(caplog, context, levels) -> None:
    caplog.set_level(logging.DEBUG, "wharfinger")
    logs.of_loop(asyncio.get_running_loop(), {"message": "Fatal error on SSL protocol", **context})
    assert [record.levelname for record in caplog.records] == levels
    assert bool(caplog.records[0].exc_info) is (levels == ["ERROR"])
