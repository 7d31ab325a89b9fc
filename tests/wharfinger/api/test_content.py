"""What users may write of garbage and tokens is what wharf can read."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wharf.cron import ScheduleError, parse
from wharfinger.api import load
from wharfinger.api.content import SCHEDULE


def accepted(text):
    return re.match(SCHEDULE, text) is not None


@settings(deadline=None, max_examples=60)
@given(st.from_regex(re.compile(SCHEDULE, re.ASCII), fullmatch=True))
def test_wharf_reads_every_schedule_that_the_api_server_takes_or_says_why_it_never_comes(text):
    try:
        parse(text)
    except ScheduleError as error:
        assert re.search("never comes|ends before it begins", str(error))  # noqa: PT017 - most schedules raise nothing


@pytest.mark.parametrize("text", ["0 3 * * *", "*/15 0-6,22 1 jan-mar mon", "5/20 * * * 7", "@daily", "09 03 01 02 00"])
def test_a_schedule_is_accepted(text):
    assert accepted(text)
    parse(text)


@pytest.mark.parametrize(
    "text", ["", "0 3 * *", "60 * * * *", "* 24 * * *", "* * * * 8", "@reboot", "0 3 * * *; x", "*/0 * * * *"]
)
def test_what_is_no_schedule_is_refused(text):
    assert not accepted(text)


@pytest.mark.parametrize(
    "spec",
    [{"garbageCollection": {"gracePeriod": "x"}}, {"auth": {"tokens": {"lifetime": "x"}}}],
    ids=["gracePeriod", "lifetime"],
)
def test_a_duration_that_is_none_is_named(spec, request):
    with pytest.raises(load.InvalidError, match=request.node.callspec.id):
        load.registry({"metadata": {"name": "a", "namespace": "b"}, "spec": spec})
