"""The clients: wrk for many small requests, curl for large bodies, and a pusher of many small images.

Rule: a client is lighter than what it measures, and an answer other than the expected one ends the run.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import re
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from bench.machine import USER, Place
from bench.servers import Server

IMAGE = "application/vnd.oci.image.manifest.v1+json"
LAYER_BYTES = 4096


class LoadError(Exception):
    """A server answered otherwise than it should."""


@dataclass(frozen=True)
class Rate:
    """What wrk saw: requests a second, and milliseconds that 99 of 100 answers took at most."""

    requests: float
    p99: float


def authorization(place: Place) -> str:
    """The value of the Authorization header."""
    return "Basic " + base64.b64encode(f"{USER}:{place.password}".encode()).decode()


def hammer(server: Server, place: Place, path: str, seconds: int) -> Rate:
    """Ask for one path on 32 connections."""
    script = place.root / "headers.lua"  # not an argument: those can be read by others
    login = f'wrk.headers["Authorization"] = "{authorization(place)}"\n' if server.login else ""
    script.write_text(f'{login}wrk.headers["Accept"] = "{IMAGE}"\n')
    command = ["wrk", "-t1", "-c32", f"-d{seconds}s", "--latency", "-s", str(script), server.url + path]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise LoadError(f"{server.name}: {said}")
    rate, p99 = re.search(r"Requests/sec:\s+([\d.]+)", said), re.search(r"99%\s+([\d.]+)(us|ms|s)\b", said)
    if rate is None or p99 is None:
        raise LoadError(f"wrk said nothing that is understood: {said}")
    return Rate(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


def curl(server: Server, place: Place, path: str, *arguments: str, expect: str = "200") -> tuple[float, str]:
    """One request of curl; seconds and the Location header."""
    url = path if path.startswith("http") else server.url + path
    form = "%{http_code} %{time_total} %header{location}"
    command = ["curl", "-sS", "--cacert", str(place.certificate), "-w", form, "-o", "/dev/null"]
    if server.login:
        command += ["--netrc-file", str(place.netrc)]
    said = subprocess.run([*command, *arguments, url], check=True, capture_output=True, text=True).stdout
    status, seconds, *location = said.split(" ")
    if status != expect:
        raise LoadError(f"{server.name} answered {status} to {path}")
    return float(seconds), location[0] if location else ""


def session(server: Server, place: Place, repository: str) -> tuple[float, str]:
    """Begin an upload; seconds, and its location."""
    return curl(server, place, f"/v2/{repository}/blobs/uploads/", "-X", "POST", expect="202")


def closing(location: str, digest: str) -> str:
    """Where the PUT goes that ends an upload."""
    return f"{location}{'&' if '?' in location else '?'}digest={digest}"


def upload(server: Server, place: Place, repository: str, blob: Path, digest: str) -> float:
    """Push a file in one PUT; seconds of both requests."""
    first, location = session(server, place, repository)
    kind = "Content-Type: application/octet-stream"
    joined = closing(location, digest)
    second, _ = curl(server, place, joined, "-H", kind, "-H", "Expect:", "-T", str(blob), expect="201")
    return first + second


def push_manifest(server: Server, place: Place, repository: str, tag: str, *blobs: tuple[str, int]) -> float:
    """Push a manifest whose blobs, the configuration first, are stored; seconds."""
    path = place.root / "manifest.json"
    path.write_bytes(manifest(*blobs))
    kind = f"Content-Type: {IMAGE}"
    return curl(server, place, f"/v2/{repository}/manifests/{tag}", "-H", kind, "-T", str(path), expect="201")[0]


def manifest(*blobs: tuple[str, int]) -> bytes:
    """An image manifest of these blobs, the configuration first."""
    parts = [{"mediaType": "application/octet-stream", "digest": digest, "size": size} for digest, size in blobs]
    return json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": parts[0], "layers": parts[1:]}).encode()


def push_images(server: Server, place: Place, images: int, clients: int) -> float:
    """Push images of five small layers and a configuration, each new, by clients at a time; seconds in all."""
    return asyncio.run(_push_images(server, place, images, clients))


async def _push_images(server: Server, place: Place, images: int, clients: int) -> float:
    waiting = [[os.urandom(LAYER_BYTES) for _ in range(6)] for _ in range(images)]
    begun = time.perf_counter()

    async def client(number: int) -> None:
        connection = await _Connection.open(server, place)
        while waiting:
            blobs = waiting.pop()
            for blob in blobs:
                digest = _digest(blob)
                status, location = await connection.ask("POST", f"/v2/many/c{number}/blobs/uploads/", b"")
                await connection.ask("PUT", closing(location, digest).removeprefix(server.url), blob)
            content = manifest(*((_digest(blob), len(blob)) for blob in blobs))
            status, _ = await connection.ask("PUT", f"/v2/many/c{number}/manifests/t{len(waiting)}", content)
            if status != 201:
                raise LoadError(f"{server.name} answered {status} to a manifest")
        connection.close()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return time.perf_counter() - begun


def _digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


class _Connection:
    """A connection that stays open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: str) -> None:
        self._reader, self._writer, self._head = reader, writer, head

    @classmethod
    async def open(cls, server: Server, place: Place) -> _Connection:
        """Connect."""
        context = ssl.create_default_context(cafile=str(place.certificate)) if server.tls else None
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        head = f"Host: 127.0.0.1:{server.port}\r\n"
        if server.login:
            head += f"Authorization: {authorization(place)}\r\n"
        return cls(reader, writer, head)

    async def ask(self, method: str, path: str, body: bytes) -> tuple[int, str]:
        """One request; its status and Location."""
        kind = IMAGE if "/manifests/" in path else "application/octet-stream"
        head = f"{method} {path} HTTP/1.1\r\n{self._head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._writer.write(head.encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        fields = dict(re.findall(r"(?im)^(location|content-length):\s*(\S+)\r$", answer))
        found = {name.lower(): value for name, value in fields.items()}
        await self._reader.readexactly(int(found.get("content-length", "0")))
        status = int(answer.split(" ", 2)[1])
        if status >= 300:
            raise LoadError(f"{method} {path}: {status}")
        return status, found.get("location", "")

    def close(self) -> None:
        """Hang up."""
        self._writer.close()
