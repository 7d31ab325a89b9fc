"""Logs as lines of JSON, each with its time, level, logger and message, and whatever fields the caller adds.

Rule: the message is constant text and what varies is a field. Nothing here or in any caller logs a password, a token, a
key or an Authorization header.
"""

from __future__ import annotations

import logging
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from wharf import clock

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, TextIO

log = logging.getLogger("wharf.logs")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonFormatter(logging.Formatter):
    """One record, one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line = self.beginning(record)
        line.update((name, value) for name, value in vars(record).items() if name not in _STANDARD)
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line, enc_hook=str).decode()

    def beginning(self, record: logging.LogRecord) -> dict[str, object]:
        """What every line has."""
        return {
            "time": clock.rfc3339(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }

    def format_many(self, record: logging.LogRecord, many: Iterable[Mapping[str, object]]) -> str:
        """A line for each of `many` fields, all else being that of `record`."""
        beginning = self.beginning(record)
        encode = msgspec.json.Encoder(enc_hook=str).encode
        return b"\n".join([encode({**beginning, **fields}) for fields in many]).decode()


def set_up(level: str, stream: TextIO | None = None) -> None:
    """Send all logs of the process to `stream` (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # What no line shows is not worth finding out for each (Python's documentation, logging, Optimization).
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    set_level(level)
    # uvicorn tells of its own starts and stops; wharf says those itself, once for both listeners.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)


def info_many(logger: logging.Logger, message: str, many: Sequence[Mapping[str, object]]) -> None:
    """As logger.info(message, extra=fields) for each of `many` fields, at a tenth of the price."""
    record = logger.makeRecord(logger.name, logging.INFO, "", 0, message, (), None)
    for handler in logging.getLogger().handlers:
        formatter = handler.formatter
        if isinstance(handler, logging.StreamHandler) and isinstance(formatter, JsonFormatter):
            with _held(handler):
                handler.stream.write(formatter.format_many(record, many) + handler.terminator)
                handler.flush()
        else:
            for fields in many:
                handler.handle(logger.makeRecord(logger.name, logging.INFO, "", 0, message, (), None, extra=fields))


@contextmanager
def _held(handler: logging.Handler) -> Iterator[None]:
    """Hold a handler's lock."""
    handler.acquire()
    try:
        yield
    finally:
        handler.release()


def set_level(level: str) -> None:
    """The least level that is logged."""
    logging.getLogger().setLevel(level.upper())


def of_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what an event loop complains of (its exception handler).

    uvloop complains when a client closes its TLS connection while something that has just arrived on it is answered.
    That is how clients leave, and no defect.
    """
    error = context.get("exception")
    if "transport" in context and isinstance(error, RuntimeError) and str(error).endswith("the handler is closed"):
        log.debug("a connection was closed while more arrived on it", extra={"cause": str(error)})
    else:
        loop.default_exception_handler(context)
