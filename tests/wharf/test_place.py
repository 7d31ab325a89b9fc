"""Where content is kept when nobody says."""

import argparse
from pathlib import Path

import pytest

from wharf import place
from wharf.config import Config, ConfigError


@pytest.fixture
def system(tmp_path, monkeypatch):
    """Where this system's configuration file is, which is not there yet."""
    monkeypatch.setattr(place, "CONFIGURATION", str(tmp_path / "etc" / "config.yaml"))
    return tmp_path / "etc" / "config.yaml"


@pytest.fixture
def ask(system):
    parser = argparse.ArgumentParser()
    place.add_options(parser)
    return lambda *arguments: place.of(parser.parse_args(arguments))


def test_the_option_wins_over_the_file_and_the_file_over_the_default(ask, tmp_path, monkeypatch):
    monkeypatch.setattr(place, "default", lambda: "/default")
    file = tmp_path / "config.yaml"
    file.write_text("data: /file")
    assert ask() == (Config(), "/default")
    assert ask("--config", str(file))[1] == "/file"
    assert ask("--config", str(file), "--data", "/option") == (Config(data="/file"), "/option")


def test_a_file_that_cannot_be_read_is_an_error_with_its_name(ask):
    with pytest.raises(ConfigError, match="/none: No such file"):
        ask("--config", "/none")


def test_where_the_systems_place_is_out_of_reach_it_is_here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(place, "SYSTEM", str(tmp_path / "system"))
    assert place.default() == str(tmp_path / "system")
    monkeypatch.setattr(place, "SYSTEM", "/nowhere/system")
    assert place.default() == str(tmp_path / "wharf-data")


def test_the_systems_file_is_used_where_none_is_named(ask, system, tmp_path):
    system.parent.mkdir()
    system.write_text("data: /system")
    named = tmp_path / "named.yaml"
    named.write_text("data: /named")
    assert ask()[1] == "/system"
    assert ask("--config", str(named))[1] == "/named"
    assert ask("--data", "/option") == (Config(data="/system"), "/option")


@pytest.mark.parametrize("broken", ["a link to nowhere", "a directory that cannot be entered"])
def test_a_file_of_the_system_that_cannot_be_read_is_never_taken_for_none(ask, system, monkeypatch, broken):
    if broken == "a link to nowhere":
        system.parent.mkdir()
        system.symlink_to("nowhere")
    else:  # a root in tests enters all of them
        monkeypatch.setattr(Path, "lstat", refuse)
        monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(ConfigError, match=str(system)):
        ask()


def refuse(path):
    raise PermissionError(13, "Permission denied")
