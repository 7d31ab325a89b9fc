"""The `Warning` header: what a client shows to a person, though the request succeeded (distribution-spec, Warnings).

Rule: code 299, agent `-`, and a quoted text that is one short line of printable ASCII, so that it can break out of
neither the header nor a terminal.
"""

from __future__ import annotations

LIMIT = 512
"""Bytes of one text; the specification has clients take 4096 of all warnings together."""


def warning(text: str) -> tuple[str, str]:
    """The header with this text."""
    printable = "".join(character if " " <= character <= "~" else "?" for character in text[:LIMIT])
    quoted = printable.replace("\\", "\\\\").replace('"', '\\"')
    return ("Warning", f'299 - "{quoted}"')
