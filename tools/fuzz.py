"""A fuzzer of wharf's parsers, guided by coverage: `python -m tools.fuzz --seconds 60` is a look, a night is a search.

Rule: a parser refuses what it cannot read with its own error and no other, quickly, and what it accepts keeps its
promise. An input that reaches lines which none before it reached is kept and changed further. A failure is told with
the input and the seed that lead to it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from tools.framings import by_chunks, by_the_parser
from wharf import config, cron
from wharf.auth import htpasswd, scopes
from wharf.blobs.paths import Layout
from wharf.http import routes
from wharf.protocol import digests, globs, manifests, ranges, references

SLOW = 2.0
"""Seconds after which a parser has failed, whatever it answers."""

LARGEST = 4096
"""Bytes of an input."""

TOKENS = (
    b"..", b"/", b"//", b"%2e", b"%00", b"\x00", b"\xff", b"\xed\xa0\x80", b"-", b"0", b"9" * 40, b"1e999", b"*", b"**",
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"\r\n", b"\n", b" ", b"&a", b"*a", b"!!python/object:os.system", b"null",
    b"sha256:", b"a" * 64, b"0" * 128, b"bytes=", b"<<: *a", b"@daily", b"$2b$10$", b"Content-Length: ", b"chunked",
)  # fmt: skip


class FailureError(AssertionError):
    """A parser has broken its promise."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parser: `run` calls it and checks what it accepts, `refusal` is what it may raise."""

    run: Callable[[bytes], object]
    refusal: tuple[type[Exception], ...]
    seeds: tuple[bytes, ...]


def require(condition: object, what: str) -> None:
    """Raise FailureError, unless the condition holds."""
    if not condition:
        raise FailureError(what)


def _manifest(data: bytes) -> None:
    kind, _, content = data.partition(b"\n")
    parsed = manifests.parse(content, kind.decode("latin-1"))
    named = (*parsed.blobs, *parsed.optional, *parsed.manifests, *([parsed.subject] if parsed.subject else []))
    require(all(digests.is_well_formed(digest) for digest in named), "a reference is no digest")
    require("\n" not in parsed.media_type, "a media type has two lines")


def _reference(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    if references.is_name(text):
        require(text.isascii() and text == text.lower() and 0 < len(text) <= 255, "not a name")
        require(all(part and part.strip(".") for part in text.split("/")), "a part of a name is nothing but dots")
    if references.is_tag(text):
        require(text.isascii() and "/" not in text and not text.startswith("."), "not a tag")


def _digest(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    if digests.is_supported(text):
        path = Layout("/data").blob(text)
        require(path.is_relative_to("/data/blobs") and ".." not in path.parts, f"{path} is outside")
        require(digests.is_well_formed(text), "supported, but not well-formed")


def _range(data: bytes) -> None:
    size, _, header = data.decode("latin-1").partition(";")
    whole = int(size) if size.isascii() and size.isdigit() and len(size) < 19 else 1000
    found = ranges.requested(header, whole)
    require(found is None or (found[0] >= 0 and found[1] > 0 and sum(found) <= whole), f"{found} is outside {whole}")


def _chunk(data: bytes) -> None:
    start, length = ranges.chunk(data.decode("latin-1"))
    require(start >= 0 and length > 0, "a chunk of nothing")


def _schedule(data: bytes) -> None:
    due = cron.parse(data.decode("utf-8", "replace")).after(1_800_000_000.0)
    require(due > 1_800_000_000.0 and due % 60 == 0, "due in the past, or within a minute")


def _route(data: bytes) -> None:
    found = routes.find(data.decode("utf-8", "surrogateescape"))
    require(found is None or found[0].operations, "an endpoint without operations")


def _glob(data: bytes) -> None:
    glob, _, text = data.decode("latin-1").partition("\n")
    globs.matches(glob, text)


def _framing(data: bytes) -> None:
    where, body = int.from_bytes(data[:2]), data[2:]
    parts = [body[: where % 64], body[where % 64 : where // 64], body[max(where // 64, where % 64) :]]
    require(by_chunks(parts) == by_the_parser([body]), "read in two ways")


_IMAGE = b'{"schemaVersion":2,"config":{"digest":"sha256:%s","size":1},"layers":[]}' % (b"0" * 64)

TARGETS: dict[str, Target] = {
    "manifest": Target(
        _manifest,
        (manifests.ManifestError,),
        (
            b"application/vnd.oci.image.manifest.v1+json\n" + _IMAGE,
            b'application/vnd.oci.image.index.v1+json\n{"manifests":[{"digest":"a:b","mediaType":"x/y"}],"subject":null}',
            b'\n{"mediaType":"a/b","annotations":{"a":"b"},"blobs":[{"digest":"a:b"}],"artifactType":"c/d"}',
        ),
    ),
    "reference": Target(_reference, (), (b"team/app", b"v1.2_3", b"a__b/c--d/e.f")),
    "digest": Target(_digest, (), (b"sha256:" + b"a" * 64, b"sha512:" + b"0" * 128, b"a+b:c=_-")),
    "range": Target(_range, (ranges.RangeError,), (b"1000;bytes=0-499", b"10;bytes=-5", b"0;bytes = 3 -")),
    "chunk": Target(_chunk, (ranges.RangeError,), (b"0-99", b"bytes 5-9/100", b"bytes=1-2/*")),
    "framing": Target(
        _framing,
        (),
        (
            b"\x00\x07" + b"3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
            b"\x03\xff" + b"3;a=b\r\nabc\r\n0\r\nTrailer: x\r\nContent-Length: 5\r\n\r\n",
        ),
    ),
    "schedule": Target(_schedule, (cron.ScheduleError,), (b"*/5 1-3,7 * jan mon", b"@weekly", b"0 0 29 2 *")),
    "configuration": Target(
        config.parse, (config.ConfigError,), (b"address: a:1\naccess: [{repositories: [a/**], actions: [pull]}]", b"{}")
    ),
    "htpasswd": Target(
        lambda data: htpasswd.parse(data.decode("utf-8", "replace")),
        (htpasswd.HtpasswdError,),
        (b"a:$2b$10$" + b"a" * 53 + b":2026-11-30T12:00:00Z\n# x\n\nb:$2y$04$" + b"." * 53,),
    ),
    "scope": Target(
        lambda data: scopes.text(scopes.parse([data.decode("utf-8", "replace")])),
        (),
        (b"repository:team/app:pull,push registry:catalog:*", b"repository(plugin):a:delete"),
    ),
    "route": Target(_route, (), (b"/v2/a/blobs/uploads/x", b"/v2/a/manifests/v1", b"/v2/repositories/a/tags/")),
    "glob": Target(_glob, (), (b"a/**/b*\na/x/bc", b"**\n", b"*-*/[a]?\na-b/c")),
}


class Fuzzer:
    """Fuzzes one target. `corpus` are the inputs that each reached something new."""

    def __init__(self, target: Target, seed: int) -> None:
        self._target = target
        self._random = random.Random(seed)  # noqa: S311 - it must be repeatable
        self._seen: set[tuple[str, int]] = set()
        self.corpus = list(target.seeds)
        self.runs = 0

    def run(self, seconds: float) -> None:
        """Fuzz for so long. Raises FailureError."""
        end = time.monotonic() + seconds
        for data in self._inputs():
            if time.monotonic() > end:
                return
            self.runs += 1
            if self._reaches_something_new(data) and data not in self.corpus:
                self.corpus.append(data)

    def _inputs(self) -> Iterator[bytes]:
        yield from self._target.seeds
        while True:
            yield mutated(self._random, self.corpus)

    def _reaches_something_new(self, data: bytes) -> bool:
        before, begun = len(self._seen), time.monotonic()
        tracing = sys.gettrace()
        sys.settrace(self._trace)
        try:
            self._target.run(data)
        except self._target.refusal:
            pass
        except Exception as error:
            raise FailureError(f"{type(error).__name__}: {error} for {data!r}") from error
        finally:
            sys.settrace(tracing)
        require(time.monotonic() - begun < SLOW, f"it takes {time.monotonic() - begun:.1f} s for {data!r}")
        return len(self._seen) > before

    def _trace(self, frame: FrameType, event: str, _: object) -> Any:
        if "/wharf/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            self._seen.add((frame.f_code.co_filename, frame.f_lineno))
        return self._trace


def mutated(source: random.Random, corpus: list[bytes]) -> bytes:
    """An input of the corpus, changed in a few places."""
    data = bytearray(source.choice(corpus))
    for _ in range(source.randint(1, 4)):
        at = source.randint(0, len(data))
        match source.randrange(6):
            case 0:
                data[at : at + source.randint(1, 8)] = b""
            case 1:
                data[at:at] = source.choice(TOKENS)
            case 2 if data:
                data[at % len(data)] = source.randrange(256)
            case 3:
                data[at:at] = data[at : at + source.randint(1, 32)] * source.randint(1, 20)
            case 4:
                other = source.choice(corpus)
                data[at:] = other[source.randint(0, len(other)) :]
            case _:
                data[at : at + 1] = source.choice(TOKENS)
    return bytes(data[:LARGEST])


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 when every parser has kept its promises, 1 when one has not."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"{', '.join(TARGETS)}; none: all of them")
    parser.add_argument("--seconds", type=float, default=60.0, help="for each target (60)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32), help="to repeat a run")
    parser.add_argument("--corpus", type=Path, help="directory to keep what reached something new in")
    options = parser.parse_args(arguments)
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}: there are {', '.join(TARGETS)}")
    for name in options.targets or TARGETS:
        fuzzer = Fuzzer(TARGETS[name], options.seed)
        try:
            fuzzer.run(options.seconds)
        except FailureError as failure:
            print(f"{name}: {failure}\nrepeat it with: {name} --seed {options.seed}")
            return 1
        if options.corpus:
            options.corpus.mkdir(parents=True, exist_ok=True)
            for number, data in enumerate(fuzzer.corpus):
                (options.corpus / f"{name}-{number}").write_bytes(data)
        print(f"{name:14} {fuzzer.runs:8} inputs, {len(fuzzer.corpus):4} of them new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
