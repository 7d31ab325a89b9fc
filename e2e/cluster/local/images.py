"""Brings images into the node's containerd. Rule: an image that the node has already is not loaded again."""

from pathlib import Path
from urllib.parse import quote

from e2e.cluster.archive import archive_references
from e2e.cluster.commands import run
from e2e.cluster.local.node import Node
from e2e.cluster.progress import step


def load_archive(node: Node, archive: Path) -> None:
    """Import a `docker save` archive; a mark per image name remembers the identity that the name stands for."""
    loaded = node.run / "loaded"
    loaded.mkdir(exist_ok=True)
    marks = {loaded / quote(name, safe=""): identity for name, identity in archive_references(archive).items()}
    if all(mark.exists() and mark.read_text() == identity for mark, identity in marks.items()):
        return
    with step(f"loading {archive.name}"):
        run([node.programs["ctr"], "-a", node.socket, "-n", "k8s.io", "images", "import", archive])
    for mark, identity in marks.items():
        mark.write_text(identity)
