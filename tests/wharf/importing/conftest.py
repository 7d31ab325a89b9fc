"""A volume as a Distribution registry lays it out, and the import of it into a registry of our own."""

import hashlib
import json

import pytest

from wharf.importing.importer import Importer, Target
from wharf.importing.volume import Volume
from wharf.upkeep import opened

IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Distribution:
    """Writes what a Distribution registry writes."""

    def __init__(self, root):
        self.path = root
        self.root = root / "docker" / "registry" / "v2"
        for name in ("repositories", "blobs"):
            (self.root / name).mkdir(parents=True)

    def content(self, content, algorithm="sha256"):
        digits = hashlib.new(algorithm, content).hexdigest()
        path = self.data(f"{algorithm}:{digits}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return f"{algorithm}:{digits}"

    def data(self, digest):
        algorithm, digits = digest.split(":")
        return self.root / "blobs" / algorithm / digits[:2] / digits / "data"

    def link(self, repository, *parts, digest):
        path = self.root.joinpath("repositories", repository, *parts, "link")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(digest)
        return path

    def blob(self, repository, content):
        digest = self.content(content)
        self.link(repository, "_layers", *digest.split(":"), digest=digest)
        return {"mediaType": "application/x", "digest": digest, "size": len(content)}

    def manifest(self, repository, document, *tags):
        digest = self.content(json.dumps(document).encode())
        self.link(repository, "_manifests", "revisions", *digest.split(":"), digest=digest)
        for tag in tags:
            self.link(repository, "_manifests", "tags", tag, "current", digest=digest)
            self.link(repository, "_manifests", "tags", tag, "index", *digest.split(":"), digest=digest)
        return digest

    def image(self, repository, *tags, layers=(b"layer",), **fields):
        document = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": self.blob(repository, b"{}"),
            "layers": [self.blob(repository, layer) for layer in layers],
            **fields,
        }
        return self.manifest(repository, document, *tags)

    def index(self, repository, *tags, children=()):
        listed = [{"mediaType": IMAGE, "digest": digest, "size": 1} for digest in children]
        return self.manifest(repository, {"schemaVersion": 2, "mediaType": INDEX, "manifests": listed}, *tags)


class Import:
    """Imports a volume, as often as asked, and says what became of it."""

    def __init__(self, volume, data):
        self._volume = volume
        self.data = data
        self.left_out = []

    async def __call__(self):
        """Import; the tally."""
        self.left_out.clear()
        with opened(str(self.data), create=True) as storage:
            volume = Volume(self._volume.path)
            target = Target(storage.index, storage.layout, lambda: 1_800_000_000.0)
            importer = Importer(volume, target, self.left_out.append)
            await importer.run(volume.repositories())
            return importer.tally

    async def ask(self, question):
        """The answer of `question(storage)` about what was imported."""
        with opened(str(self.data)) as storage:
            return await question(storage)


@pytest.fixture
def volume(tmp_path):
    return Distribution(tmp_path / "volume")


@pytest.fixture
def import_it(volume, tmp_path):
    return Import(volume, tmp_path / "data")
