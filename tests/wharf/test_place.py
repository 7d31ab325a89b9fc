"""Where content is kept when nobody says."""

import argparse

import pytest

from wharf import place
from wharf.config import Config, ConfigError


@pytest.fixture
def ask():
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
