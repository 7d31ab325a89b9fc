"""Images from Debian's packages and programs of ours. Rule: the name tells what is in one, so a change makes it anew.

It takes root, as mmdebstrap does; so it is for test images, and for a base image where none can be pulled.
"""

import hashlib
import json
import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from e2e.cluster.archive import ScratchImage, write_archive
from e2e.cluster.builders import TIMESTAMP
from e2e.cluster.commands import run
from e2e.cluster.debian import IMAGE_PACKAGES, ensure_packages
from e2e.cluster.errors import UnusableMachineError
from e2e.cluster.progress import step

SUITE = "bookworm"
PROGRAMS = "/usr/local/bin"
PURGED = (
    # usrmerge is done with its work, and brought all of Perl
    *("usrmerge", "perl", "perl-modules-5.36", "libperl5.36"),
    *("libfile-find-rule-perl", "libnumber-compare-perl", "libtext-glob-perl"),
)


@dataclass(frozen=True)
class DebianImage:
    """What goes into an image."""

    reference: str
    """Full name; its tag gets the hash of what is in it."""
    packages: tuple[str, ...]
    programs: tuple[Path, ...] = ()
    """Files that go into /usr/local/bin."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Further names of programs there -> their file names."""
    command: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """mmdebstrap's, which decide what is in it."""
        return (
            *("--variant=essential", f"--include={','.join(self.packages)}", "--skip=output/dev"),
            *(f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("man", "locale", "doc", "info")),
            "--dpkgopt=path-include=/usr/share/doc/*/copyright",
            f'--customize-hook=chroot "$1" dpkg --purge --force-depends {" ".join(PURGED)}',
            *(f"--customize-hook=copy-in {shlex.quote(str(program))} {PROGRAMS}" for program in self.programs),
            *(f'--customize-hook=ln -s {file} "$1"{PROGRAMS}/{name}' for name, file in self.links.items()),
            '--customize-hook=rm -rf "$1"/var/log/* "$1"/var/cache/* "$1"/var/lib/apt',
        )


def ensure(wanted: DebianImage, cache_directory: Path) -> Path:
    """The archive of an image, made unless the cache holds it. Raises UnusableMachineError without root."""
    key = hashlib.sha256(json.dumps([wanted.options, SUITE, wanted.reference]).encode()).hexdigest()[:12]
    name = wanted.reference.rpartition("/")[2].replace(":", "-")
    target = cache_directory / "images" / f"{name}-{key}.tar"
    if target.exists():
        return target
    if os.geteuid():
        raise UnusableMachineError(f"making image {name} needs root: run it with sudo")
    ensure_packages({"mmdebstrap": IMAGE_PACKAGES["mmdebstrap"]})
    reference = f"{wanted.reference}-{key}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with (
        step(f"making image {name} from Debian's packages, about 1 min"),
        tempfile.TemporaryDirectory(dir=target.parent) as scratch,
    ):
        root = Path(scratch) / "root.tar"
        environment = {"SOURCE_DATE_EPOCH": str(TIMESTAMP), "TMPDIR": scratch}
        run(["mmdebstrap", "--quiet", *wanted.options, SUITE, root], env=environment, timeout=1800)
        target.with_suffix(".name").write_text(reference)
        write_archive(ScratchImage(reference, root=root, command=wanted.command), target)
    return target


def name_of(archive: Path) -> str:
    """What the image in an archive that `ensure` made is called."""
    return archive.with_suffix(".name").read_text()
