"""Whatever clients do, in whatever order, with sweeps in between: what is tagged is whole, and in the end all can go.

Hypothesis makes up the steps; a model in a few sets says what must be there after each.
"""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wharf.garbage.collector import Terms
from wharf.garbage.timeline import Timeline
from wharf.metadata.interface import MissingReferencesError

DAY = 86400.0
REPOSITORIES = st.sampled_from(["a", "a", "a", "b"])
NUMBERS = st.integers(0, 1)
STEPS = st.one_of(
    st.tuples(st.just("image"), REPOSITORIES, NUMBERS, st.sets(NUMBERS, min_size=1), st.booleans()),
    st.tuples(st.just("index"), REPOSITORIES, NUMBERS, st.sets(NUMBERS, min_size=1), st.booleans()),
    st.tuples(st.just("signature"), REPOSITORIES, NUMBERS),
    st.tuples(st.just("delete"), REPOSITORIES, st.sampled_from(["image", "index"]), NUMBERS),
    st.tuples(st.just("untag"), REPOSITORIES, st.sampled_from(["image", "index"]), NUMBERS),
    st.tuples(st.just("look"), REPOSITORIES, NUMBERS),
    st.tuples(st.just("mount"), REPOSITORIES, NUMBERS),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 550.0, 650.0, 2.5 * DAY, 2.5 * DAY])),
    st.tuples(st.just("sweep"), st.sampled_from([0.0, DAY]), st.booleans()),
    st.tuples(st.just("sweep"), st.just(0.0), st.just(True)),
)


class Model:
    """The registry, and what must be in it."""

    def __init__(self, registry, clock):
        self.registry = registry
        self.clock = clock
        self.tagged = {}  # (repository, name) -> digest
        self.newest = {}  # the same, whether the tag is still there or not
        self.below = {}  # (repository, digest) -> digests of the children and referrers that were there
        self.layers = {}  # digest of a manifest -> the layers it names
        self.promised = {}  # (repository, layer) -> until when a push may count on it

    async def step(self, kind, *arguments):
        await getattr(self, f"_{kind}")(*arguments)
        self.check()

    async def _image(self, repository, number, layers, tag):
        name = f"image-{number}-{sorted(layers)}"
        contents = [b"layer %d" % layer for layer in sorted(layers)]
        digest = await self.registry.push(name, *contents, repository=repository, tags=(f"image-{number}",) * tag)
        self.layers[digest] = contents
        self._tag(repository, f"image-{number}", digest, tag)
        for layer in contents:
            self._promise(repository, layer)

    async def _index(self, repository, number, children, tag):
        named = tuple(digest for child in children if (digest := self._present(repository, child)))
        name = f"index-{number}-{named}"
        tags = (f"index-{number}",) * tag
        digest = await self.registry.push(name, repository=repository, manifests=named, tags=tags)
        self.layers[digest] = []
        self.below.setdefault((repository, digest), set()).update(named)
        self._tag(repository, f"index-{number}", digest, tag)

    async def _signature(self, repository, number):
        subject = self._present(repository, number)
        if subject:
            digest = await self.registry.push(f"of {subject}", repository=repository, subject=subject, tags=())
            self.layers[digest] = []
            self.below.setdefault((repository, subject), set()).add(digest)

    async def _delete(self, repository, kind, number):
        digest = self.newest.get((repository, f"{kind}-{number}"))
        if digest:
            await self.registry.index.delete_manifest(repository, digest, [])
            gone = {key for key, found in self.tagged.items() if found == digest and key[0] == repository}
            for key in gone:
                del self.tagged[key]
            for (where, _), digests in self.below.items():
                if where == repository:
                    digests.discard(digest)

    async def _untag(self, repository, kind, number):
        if self.tagged.pop((repository, f"{kind}-{number}"), None):
            await self.registry.index.delete_tag(repository, f"{kind}-{number}", [])

    async def _look(self, repository, layer):
        content = b"layer %d" % layer
        if await self.registry.index.get_blob(repository, self.registry.digest(content)) is not None:
            self._promise(repository, content)

    async def _mount(self, repository, layer):
        content = b"layer %d" % layer
        source = "b" if repository == "a" else "a"
        if await self.registry.index.mount_blob(repository, self.registry.digest(content), source, []) is not None:
            self._promise(repository, content)

    async def _wait(self, seconds):
        self.clock.now += seconds

    async def _sweep(self, grace, delete_untagged):
        await self.registry.collector.collect(Terms(grace, delete_untagged=delete_untagged, upload_expiry=1e9))
        self.check()
        # What no tag kept may have gone, and does not come back when what it belonged to is pushed again.
        manifests, _ = self.registry.index.read(_everything)
        for (repository, _), digests in self.below.items():
            digests &= {digest for where, digest in manifests if where == repository}

    def _present(self, repository, number):
        """The newest image of a number, when it is still there, with a tag or without."""
        digest = self.newest.get((repository, f"image-{number}"), "")
        return digest if (repository, digest) in self.registry.index.read(_everything)[0] else ""

    def _tag(self, repository, name, digest, tag):
        self.newest[repository, name] = digest
        if tag:
            self.tagged[repository, name] = digest

    def _promise(self, repository, layer):
        # A look touches again only after a minute; no sweep takes what was touched in the last ten.
        self.promised[repository, layer] = self.clock.now + 600 - 60

    def needed(self):
        """All manifests that a tag keeps."""
        found = set()
        waiting = [(repository, digest) for (repository, _), digest in self.tagged.items()]
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += [(key[0], digest) for digest in self.below.get(key, ())]
        return found

    def check(self):
        manifests, holds = self.registry.index.read(_everything)
        stored = {path.name for path in self.registry.root.glob("blobs/sha256/*/*")}
        promised = {key for key, until in self.promised.items() if self.clock.now < until}
        wanted = {(repository, layer) for repository, digest in self.needed() for layer in self.layers[digest]}
        assert self.needed() <= manifests
        for repository, layer in wanted | promised:
            digest = self.registry.digest(layer)
            assert (repository, digest) in holds, (repository, layer)
            assert digest.partition(":")[2] in stored


def _everything(connection):
    manifests = "SELECT r.name, m.digest FROM manifest m JOIN repository r ON r.id = m.repository_id"
    holds = (
        "SELECT r.name, b.digest FROM hold h, blob b, repository r WHERE b.id = h.blob_id AND r.id = h.repository_id"
    )
    return set(connection.execute(manifests)), set(connection.execute(holds))


EXAMPLES = int(os.environ.get("WHARF_GARBAGE_EXAMPLES", "20"))
"""Lives of a registry that are tried; a night of it is worth more."""


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=10, max_size=40))
def test_what_is_tagged_or_promised_is_there_after_each_step_and_in_the_end_all_can_go(steps, make_registry, clock):
    async def run(root):
        registry = make_registry(root, clock)
        try:
            model = Model(registry, clock)
            for step in steps:
                await model.step(*step)
            for repository, name in model.tagged:
                await registry.index.delete_tag(repository, name, [])
            model.tagged.clear()
            model.promised.clear()
            for later in (1e9, 2e9):
                registry.collector.timekeeper.observe = lambda later=later: asyncio.sleep(
                    0, Timeline(clock.now + later)
                )
                await model.step("sweep", 0.0, True)
            assert registry.index.read(_everything) == (set(), set())
            assert list(registry.root.glob("blobs/sha256/*/*")) == []
        finally:
            registry.close()

    with tempfile.TemporaryDirectory() as root:
        asyncio.run(run(Path(root)))


def test_the_model_knows_what_is_missing(registry, clock):
    model = Model(registry, clock)
    model.promised["a", b"never pushed"] = clock.now + 1
    with pytest.raises(AssertionError):
        model.check()
    with pytest.raises(MissingReferencesError):
        asyncio.run(registry.push("v1", blobs=("sha256:" + "0" * 64,)))
