"""What every test may rely on: the process's logging is as it was, whatever a test has set up."""

import logging
from collections.abc import Iterator

import pytest


def _logging_as_it_was() -> Iterator[None]:
    """Put the root logger back: a test that sets up a program's logs must not change what the next one sees."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    yield
    root.setLevel(level)
    for handler in [h for h in root.handlers if h not in handlers]:
        root.removeHandler(handler)


# for what a test sets up itself, and for what a module's own fixtures do before it
logging_of_the_test = pytest.fixture(autouse=True)(_logging_as_it_was)
logging_of_the_module = pytest.fixture(autouse=True, scope="module")(_logging_as_it_was)
