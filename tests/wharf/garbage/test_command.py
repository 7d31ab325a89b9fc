"""`wharf gc` as a person runs it, beside a registry that serves."""

import contextlib
import json
import threading

import pytest

from wharf.cli import main
from wharf.garbage import command, plan
from wharf.garbage.exclusive import alone


@pytest.fixture
def gc(capsys, tmp_path):
    """Runs the command on the data of one registry; output, errors and exit status."""

    def run(*arguments):
        status = 0
        try:
            main(["gc", "--data", str(tmp_path / "data"), *arguments])
        except SystemExit as exit_:
            status = exit_.code
        return *capsys.readouterr(), status

    return run


@pytest.fixture
def impatient(monkeypatch):
    """No push is waited for: what nothing needs goes at once."""
    monkeypatch.setattr(plan, "QUIET", 0.0)


def test_a_dry_run_lists_everything_and_why_and_changes_nothing(gc, start):
    registry = start()
    _, content = registry.push_image("team/app", "v1", layers=[b"layer"])
    loose = registry.push_blob("team/app", b"loose")
    out, err, status = gc("--dry-run")
    assert (err, status) == ("", 0)
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines[:-1]] == [["keep", "manifest"]] + [["keep", "blob"]] * 3
    assert lines[0].endswith("tagged v1  team/app")
    assert f"  {len(content)}  " in lines[0]
    (of_loose,) = (line for line in lines if loose in line)
    assert of_loose.endswith("5  named by no manifest, but a push may count on it for another 23 hours")
    assert lines[-1] == (
        "0 manifests and 0 blobs would be deleted, 0 bytes would be freed, 1 manifest and 3 blobs kept"
    )
    assert gc("--dry-run")[0] == out


def test_a_list_can_be_read_by_programs(gc, start):
    registry = start()
    answer, _ = registry.push_image("team/app", "v1")
    out, _, status = gc("--dry-run", "-o", "json")
    listed = json.loads(out)
    assert status == 0
    assert listed["summary"]["dryRun"] is True
    assert listed["summary"]["blobsKept"] == len(listed["decisions"]) - 1 == 2
    assert listed["decisions"][0] == {
        "verdict": "keep",
        "kind": "manifest",
        "digest": answer.headers["Docker-Content-Digest"],
        "size": listed["decisions"][0]["size"],
        "repository": "team/app",
        "reason": "Tagged",
        "message": "tagged v1",
    }


def test_a_sweep_beside_a_registry_that_serves_takes_what_nothing_needs(gc, start, impatient):
    registry = start()
    registry.push_image("a", "v1", layers=[b"kept"])
    loose = registry.push_blob("a", b"loose")
    kept = registry.push_blob("a", b"kept")
    out, _, status = gc("--grace", "0")
    assert status == 0
    assert f"delete   blob      {loose}" in out
    assert out.endswith("0 manifests and 1 blob deleted, 5 bytes freed, 1 manifest and 2 blobs kept\n")
    assert registry.request("GET", f"/v2/a/blobs/{loose}").status == 404
    assert registry.request("GET", f"/v2/a/blobs/{kept}").body == b"kept"
    status = registry.request("GET", "/status", admin=True).json()["garbageCollection"]
    assert (status["freed"], status["blobsDeleted"], status["total"]["freed"]) == (5, 1, 5)
    assert "wharf_garbage_freed_bytes_total 5" in registry.request("GET", "/metrics", admin=True).body.decode()


def test_what_a_push_may_still_count_on_stays_without_any_grace_period(gc, start):
    registry = start()
    loose = registry.push_blob("a", b"loose")
    assert gc("--grace", "0")[2] == 0
    assert registry.request("GET", f"/v2/a/blobs/{loose}").status == 200


def test_a_deleted_image_comes_back_with_its_tags(gc, start):
    registry = start()
    answer, content = registry.push_image("team/app", "v1")
    digest = answer.headers["Docker-Content-Digest"]
    assert registry.request("DELETE", f"/v2/team/app/manifests/{digest}").status == 202
    assert registry.request("GET", "/v2/team/app/manifests/v1").status == 404
    out, _, _ = gc("--deleted")
    assert f"manifest  {digest}" in out
    assert out.endswith("team/app  v1\n")
    (listed,) = json.loads(gc("--deleted", "-o", "json")[0])
    assert (listed["digest"], listed["tags"], listed["repository"]) == (digest, ["v1"], "team/app")
    assert gc("--restore", digest)[0] == f"manifest {digest} is back in team/app, tagged v1\n"
    assert registry.request("GET", "/v2/team/app/manifests/v1").body == content
    assert gc("--deleted")[:2] == ("", "no deletion can be undone\n")


def test_a_deleted_blob_comes_back_to_the_repository_that_is_named(gc, start):
    registry = start()
    for name in ("a", "b"):
        digest = registry.push_blob(name, b"layer")
        assert registry.request("DELETE", f"/v2/{name}/blobs/{digest}").status == 202
    assert gc("--restore", digest, "--repository", "a")[0] == f"blob {digest} is back in a\n"
    assert registry.request("GET", f"/v2/a/blobs/{digest}").body == b"layer"
    assert registry.request("GET", f"/v2/b/blobs/{digest}").status == 404


def test_a_sweep_waits_for_the_one_that_is_running(gc, start, tmp_path, monkeypatch):
    start().stop()
    with contextlib.ExitStack() as other:
        other.enter_context(alone(tmp_path / "data" / "sweep.lock"))
        monkeypatch.setattr(command, "PATIENCE", 0.0)
        assert gc()[1:] == ("wharf: another sweep is running: wait for it to end, then try again\n", 1)
        monkeypatch.setattr(command, "PATIENCE", 10.0)
        monkeypatch.setattr(command, "RETRY", 0.01)
        threading.Timer(0.1, other.close).start()
        out, err, status = gc()
    assert (err, status) == ("another sweep is running: waiting for it to end\n", 0)
    assert out.endswith("0 manifests and 0 blobs kept\n")


def test_what_is_not_there_is_one_line(gc, start, tmp_path):
    start()
    for arguments, said in (
        (("--restore", "sha256:0"), "wharf gc --deleted"),
        (("--restore", "sha256:0", "--repository", "a"), "from a"),
        (("--data", str(tmp_path / "none")), "--data"),
        (("--config", str(tmp_path / "none")), "No such file"),
    ):
        _, err, status = gc(*arguments)
        assert (status, err.count("\n")) == (1, 1)
        assert said in err


def test_a_registry_with_the_wrong_index_keeps_its_content_and_says_so(gc, start, tmp_path, impatient):
    registry = start()
    registry.push_image("a", "v1", layers=[b"one", b"two"])
    registry.stop()
    for file in (tmp_path / "data").glob("index.db*"):
        file.unlink()
    start().stop()
    out, err, status = gc("--dry-run")
    assert "3 blobs would be deleted" not in out  # the index is new, and so is what it does not know
    assert err.startswith("but nothing is removed, for this is not the index")
    out, err, status = gc("--grace", "0")
    assert (out, status) == ("", 1)
    assert "3 blobs that it does not know are stored" in err
    assert "0 manifests and 3 blobs deleted" in gc("--grace", "0", "--trust-index")[0]
    assert gc("--grace", "0")[1:] == ("", 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--grace", "-5"), "invalid"),
        (("--grace", "nan"), "invalid"),
        (("--repository", "a"), "--repository goes with --restore"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(gc, arguments, message):
    _, err, status = gc(*arguments)
    assert status == 2
    assert message in err
