"""Which tags are asked for, when nothing is said."""

from wharf.metadata.tagged import Selection


def test_the_newest_come_first_and_any_name_counts():
    assert (Selection(0, 10).order, Selection(0, 10).containing) == ("newest", "")
