"""Ids of requests are different, as long as any, and in rows that are noted as one."""

from itertools import islice

from wharf.metadata import request_ids
from wharf.metadata.request_ids import Series

ROW = 16**4


def test_ids_are_different_and_as_long_as_any():
    ids = list(islice(request_ids.generate(), 2 * ROW + 1))
    assert len(set(ids)) == len(ids)
    assert {len(each) for each in ids} == {32}
    assert all(int(each, 16) >= 0 for each in ids)


def test_what_was_generated_is_told_by_its_rows():
    ids = list(islice(request_ids.generate(), 2 * ROW + 1))
    for begin, end in [(0, 1), (0, ROW), (ROW - 1, ROW), (ROW - 1, ROW + 1), (ROW - 7, ROW + 300), (5, ROW)]:
        rows = request_ids.series(ids[begin], ids[end - 1], end - begin)
        assert [each for row in rows for each in row.ids()] == ids[begin:end]
        assert len(rows) == (2 if begin < ROW < end else 1)


def test_a_row_is_split_where_asked():
    row = Series("a", 5, 3)
    assert row.split(1) == (Series("a", 5, 1), Series("a", 6, 2))
    assert [*row.split(2)[0].ids(), *row.split(2)[1].ids()] == list(row.ids()) == ["a0005", "a0006", "a0007"]
