"""What every keeper of settings promises, whatever database is below it."""

from wharf.metadata.sqlite_settings import SqliteSettings


async def test_a_text_stays_until_it_is_replaced(index):
    settings = SqliteSettings(index)
    assert await settings.get("a") == ""
    await settings.put({"a": "1", "b": "ü"})
    await settings.put({"a": "2"})
    assert [await settings.get(name) for name in "abc"] == ["2", "ü", ""]
