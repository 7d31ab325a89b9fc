"""Which registry a command is about: the options --config and --data, and what holds without them.

Rule: --data wins over the configuration file, which is the system's unless another is named; without both it is the
system's place, or the working directory's where that is out of reach.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from wharf.config import Config, ConfigError, parse

if TYPE_CHECKING:
    import argparse

SYSTEM = "/var/lib/wharf"
HERE = "wharf-data"

CONFIGURATION = "/etc/wharf/config.yaml"
"""The system's configuration file; in Kubernetes the operator mounts it here."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which registry it is about."""
    add_config(parser)
    parser.add_argument("--data", metavar="DIR", help="where the data is, whatever the configuration file says")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Let a command be told which configuration file to use."""
    text = f"the registry's configuration file; without it {CONFIGURATION}, where there is one"
    parser.add_argument("--config", metavar="FILE", default="", help=text)


def configuration(options: argparse.Namespace) -> str:
    """The configuration file to use; empty where none is named and the system has none."""
    if options.config:
        return str(options.config)
    try:
        Path(CONFIGURATION).lstat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError:
        pass  # reading it will say why it cannot be read: without its users and rules anyone might push
    return CONFIGURATION


def of(options: argparse.Namespace) -> tuple[Config, str]:
    """The configuration of the registry, and its data directory. Raises ConfigError."""
    path = configuration(options)
    if not path:
        return Config(), options.data or default()
    config = read(path)
    return config, options.data or config.data


def read(path: str) -> Config:
    """The configuration in a file. Raises ConfigError, which names the file."""
    try:
        return parse(Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def default() -> str:
    """Where data goes when nobody says."""
    place = Path(SYSTEM)
    parent = place if place.is_dir() else place.parent
    return SYSTEM if os.access(parent, os.W_OK | os.X_OK) else str(Path(HERE).absolute())
