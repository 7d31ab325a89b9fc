"""Log lines as JSON objects, one a line, on standard error.

Rule: messages are constant in form, what varies goes into fields; no Secret's content is ever passed to a logger.
"""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

log = logging.getLogger(__name__)
_FIELDS = ("namespace", "registry")  # what callers may pass as `extra`


class JsonFormatter(logging.Formatter):
    """Formats a record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: value for name in _FIELDS if (value := getattr(record, name, None)) is not None}
        if record.exc_info and record.exc_info[1] is not None:
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return json.dumps(line, ensure_ascii=False)


def configure(level: str) -> None:
    """Send all log records of this process to standard error as JSON."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    # Kopf logs each try of each request; why it ended is logged by whoever starts it again
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)


def of_loop(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what an event loop complains of (its exception handler).

    uvloop complains of a TLS connection that is closed while an answer to what has just arrived is to be sent on it.
    That is how connections end; whoever used it is told by an exception.
    """
    error = context.get("exception")
    if "transport" in context and isinstance(error, RuntimeError) and str(error).endswith("the handler is closed"):
        log.debug("a connection was closed while more arrived on it: %s", error)
    else:
        loop.default_exception_handler(context)
