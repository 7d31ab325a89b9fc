"""A registry with one image, whose files and tables a test damages, and the command that finds it out."""

import json
import sqlite3

import pytest

from wharf.blobs.paths import Layout
from wharf.cli import main


class Damaged:
    """A registry that serves, and its storage."""

    def __init__(self, registry, data, capsys):
        self.registry = registry
        self.layout = Layout(data)
        self._data = data
        self._capsys = capsys
        answer, self.manifest = registry.push_image("team/app", "v1", layers=[b"layer one", b"layer two"])
        self.digest = answer.headers["Docker-Content-Digest"]
        self.layers = [each["digest"] for each in json.loads(self.manifest)["layers"]]

    def verify(self, *arguments):
        """The findings, and the exit status."""
        status = 0
        try:
            main(["verify", "--data", str(self._data), "-o", "json", *arguments])
        except SystemExit as exit_:
            status = exit_.code
        out, self.progress = self._capsys.readouterr()
        return [json.loads(line) for line in out.splitlines()], status

    def path(self, digest):
        """The file of a blob, writable."""
        path = self.layout.blob(digest)
        path.chmod(0o640)
        return path

    def sql(self, statement, *values):
        """Change the index behind everybody's back."""
        with sqlite3.connect(self.layout.index, isolation_level=None) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(statement, values)
        connection.close()


@pytest.fixture
def damaged(start, tmp_path, capsys):
    return Damaged(start(), tmp_path / "data", capsys)
