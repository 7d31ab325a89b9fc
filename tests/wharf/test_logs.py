"""Log lines: JSON, one a record."""

import asyncio
import io
import json
import logging

import pytest

from wharf import logs


@pytest.fixture
def stream():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.set_up("info", stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("uvicorn.error").setLevel(logging.NOTSET)


def test_a_line_has_the_message_and_the_fields(stream):
    logging.getLogger("a.b").info("said %s", "it", extra={"request_id": "7", "thing": object})
    line = json.loads(stream.getvalue())
    assert (line["message"], line["level"], line["logger"], line["request_id"]) == ("said it", "info", "a.b", "7")
    assert line["time"].endswith("Z")


def test_an_exception_stays_on_its_line(stream):
    try:
        raise KeyError("x")  # noqa: TRY301 - there must be one to log
    except KeyError:
        logging.getLogger("a").exception("failed\nbadly")
    (line,) = stream.getvalue().splitlines()
    assert "KeyError" in json.loads(line)["error"]


def test_what_is_below_the_level_is_not_logged(stream):
    logs.set_level("warning")
    logging.getLogger("a").info("no")
    logs.set_level("debug")
    logging.getLogger("a").debug("yes")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["yes"]


def test_many_lines_are_those_that_one_call_each_would_write(stream):
    many = [{"request_id": str(number), "path": "/"} for number in range(3)]
    logs.info_many(logging.getLogger("a.b"), "request", many)
    together = [json.loads(line) for line in stream.getvalue().splitlines()]
    for fields in many:
        logging.getLogger("a.b").info("request", extra=fields)
    apart = [json.loads(line) for line in stream.getvalue().splitlines()[3:]]
    for one, other in zip(together, apart, strict=True):
        assert one | {"time": ""} == other | {"time": ""}


@pytest.mark.parametrize(
    ("context", "levels"),
    [
        ({"transport": None, "exception": RuntimeError("unable to write to <X>; the handler is closed")}, ["DEBUG"]),
        ({"transport": None, "exception": RuntimeError("else")}, ["ERROR"]),
        ({"message": "a task that nobody waits for", "exception": OSError("x")}, ["ERROR"]),
    ],
)
async def test_a_client_that_leaves_is_no_defect_and_all_else_is(caplog, context, levels):
    caplog.set_level(logging.DEBUG, "wharf")
    logs.of_loop(asyncio.get_running_loop(), {"message": "Fatal error on SSL protocol", **context})
    assert [record.levelname for record in caplog.records] == levels
