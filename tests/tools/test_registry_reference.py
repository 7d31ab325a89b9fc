"""The registry's reference pages say all that there is to say."""

from tools.registry_reference import configuration_page, errors_page, pages

from wharf import config
from wharf.protocol.errors import Problem


def test_every_field_of_the_configuration_is_described() -> None:
    page = configuration_page()
    for name, definition in config.schema()["$defs"].items():
        assert f"## {name}\n" in page
        for field in definition["properties"]:
            (row,) = {
                line
                for line in page.splitlines()
                if line.startswith(f"| `{field}` |") and line in section_of(page, name)
            }
            assert row.split(" | ")[-1].strip(" |"), f"{name}.{field} has no meaning"


def section_of(page: str, name: str) -> str:
    return page.split(f"## {name}\n")[1].split("\n## ", maxsplit=1)[0]


def test_every_error_is_listed_with_its_status() -> None:
    page = errors_page()
    assert all(f"| {problem.status} | `{problem.code}` | {problem.message} |" in page for problem in Problem)


def test_the_pages_say_that_they_are_generated() -> None:
    assert all("make generate" in text for text in pages().values())
