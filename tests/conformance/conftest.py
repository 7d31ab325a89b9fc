"""The conformance program is built before its tests begin, so that none of their time pays for a compiler."""

import pytest
from e2e.programs import build, named_by


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build what the tests that will run are marked with."""
    if not session.config.option.collectonly:
        build(named_by(session.items))
