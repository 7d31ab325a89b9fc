"""The process takes what the system gives."""

import resource

import pytest

from wharf import limits


@pytest.fixture
def open_files():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield before
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_limit_of_open_files_is_raised_to_what_is_allowed(open_files):
    _, hard = open_files
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    limits.allow_many_files()
    soft, after = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert after == hard
    assert soft == (limits.FILES if hard == resource.RLIM_INFINITY else min(hard, limits.FILES))
