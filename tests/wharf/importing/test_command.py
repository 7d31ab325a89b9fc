"""What `wharf import-distribution` says to a person."""

import sqlite3

import pytest

from wharf.cli import main
from wharf.importing.command import summary
from wharf.importing.importer import Tally


@pytest.fixture
def run(capsys, volume, tmp_path):
    def run_it(*arguments, path=volume.path):
        status = 0
        try:
            main(["import-distribution", str(path), "--data", str(tmp_path / "data"), *arguments])
        except SystemExit as exit_:
            status = exit_.code
        return *capsys.readouterr(), status

    return run_it


def test_a_whole_import_is_summed_up(run, volume, start):
    volume.image("team/app", "v1", layers=[b"layer"])
    volume.image("other", "v1")
    out, err, status = run("--repository", "team/app")
    assert (out, status) == ("", 0)
    assert err == "imported 1 repository: 1 manifest, 1 tag, 2 blobs (2 linked, 0 copied, 0 MiB)\n"
    registry = start()
    assert registry.request("GET", "/v2/team/app/manifests/v1").status == 200
    assert registry.request("GET", f"/v2/team/app/blobs/{volume.content(b'layer')}").body == b"layer"
    assert registry.request("GET", "/v2/other/manifests/v1").status == 404
    _, err, status = run()  # the rest, while the registry serves
    assert status == 0
    assert err.splitlines()[1] == "3 things of it were there already"
    assert registry.request("GET", "/v2/other/manifests/v1").status == 200


def test_what_came_survives_a_power_cut_whether_a_manifest_names_it_or_not(run, volume, tmp_path):
    volume.blob("a", b"loose")
    volume.image("a", "v1")
    assert run()[2] == 0
    with sqlite3.connect(tmp_path / "data" / "index.db") as connection:
        assert connection.execute("SELECT count(*), sum(durable) FROM blob").fetchone() == (3, 3)
    connection.close()


def test_what_is_left_out_is_told_and_is_the_exit_status(run, volume):
    digest = volume.image("a", "v1")
    volume.data(digest).unlink()
    out, err, status = run()
    assert status == 1
    assert out == f"left out a@{digest}: the volume does not have the manifest: No such file or directory\n"
    assert err.endswith("1 thing was left out: see above\n")


def test_a_path_without_a_volume_is_one_line_and_makes_nothing(run, tmp_path):
    out, err, status = run(path=tmp_path)
    assert (out, err.count("\n"), status) == ("", 1, 1)
    assert not (tmp_path / "data").exists()


def test_tags_that_stay_are_told():
    assert summary(Tally(kept_tags=2)).endswith("\n2 tags point elsewhere here, and were left so")


def test_once_means_that_nothing_comes_back_that_was_deleted_since(run, volume, start):
    volume.image("a", "v1")
    err, status = run("--once")[1:]
    assert status == 0
    registry = start()
    assert registry.request("DELETE", "/v2/a/manifests/v1").status == 202
    registry.stop()
    volume.image("b", "v1")
    again, status = run("--once")[1:]
    assert (again, status) == (err, 0)
    registry = start()
    assert registry.request("GET", "/v2/a/manifests/v1").status == 404
    assert registry.request("GET", "/v2/b/manifests/v1").status == 404


def test_once_what_is_left_out_is_no_failure_and_the_report_has_the_first_line(run, volume, tmp_path):
    volume.data(volume.image("a", "v1")).unlink()
    out, err, status = run("--once", "--report", str(tmp_path / "report"))
    assert status == 0
    assert out.startswith("left out a@")
    assert (tmp_path / "report").read_text() == err.splitlines()[0] + "\n"


def test_once_where_there_is_nothing_to_import_makes_nothing(run, tmp_path):
    _, err, status = run("--once", path=tmp_path)
    assert (err, status) == (f"{tmp_path} holds nothing to import\n", 0)
    assert not (tmp_path / "data").exists()
