"""The reference of the command line has every command and every option."""

import re

from tools.command_reference import commands_page

from wharf.cli import command_line


def test_every_command_has_a_section_and_every_option_a_meaning() -> None:
    page = commands_page()
    usage = command_line().format_help()
    commands = re.findall(r"^    ([a-z][a-z-]+)\b", usage, re.MULTILINE)
    assert {"serve", "gc", "verify", "access", "import-distribution"} <= set(commands)
    assert all(f"## wharf {command}\n" in page for command in commands)
    assert "`--dry-run`" in page
    assert "`-o {table,json}`, `--output {table,json}`" in page
    assert [row for row in page.splitlines() if row.startswith("| ") and row.split(" | ")[1].strip(" |") == ""] == []


def test_the_exit_status_is_told() -> None:
    assert "Exit status: 0" in commands_page()
