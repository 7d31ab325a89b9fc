"""Generated files are what the models say, and `--check` finds out when not."""

from pathlib import Path

import yaml

from wharfinger.api import generate

ROOT = Path(__file__).resolve().parents[3]


def test_the_files_in_the_repository_are_up_to_date():
    assert not generate.differences(ROOT)


def test_writing_then_checking_finds_nothing(tmp_path):
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.main(["--check", "--root", str(tmp_path)]) == 0


def test_an_edit_by_hand_is_found_and_shown(tmp_path, capsys):
    generate.main(["--root", str(tmp_path)])
    page = tmp_path / "docs/reference/api.md"
    page.write_text(page.read_text() + "my own words\n")
    assert generate.main(["--check", "--root", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "-my own words" in told
    assert "make generate" in told


def test_a_missing_file_is_found(tmp_path):
    generate.main(["--root", str(tmp_path)])
    (tmp_path / "crds/wharfinger.dev_registries.yaml").unlink()
    assert len(generate.differences(tmp_path)) == 1


def test_the_chart_has_the_same_crds():
    files = generate.generated()
    for path, text in files.items():
        if path.startswith("crds/"):
            assert files[f"charts/wharfinger/files/{path}"] == text
            assert yaml.safe_load(text)["kind"] == "CustomResourceDefinition"
