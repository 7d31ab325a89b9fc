"""The command line: what it prints, and its exits."""

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request

import pytest

from wharf import __version__
from wharf.cli import main


def run(capsys, *arguments):
    """Output, errors and exit status of one command."""
    status = 0
    try:
        main(arguments)
    except SystemExit as exit_:
        status = exit_.code
    return *capsys.readouterr(), status


@pytest.mark.parametrize("host", ["", "$(POD_IP)", "::"])
def test_a_host_that_others_could_never_reach_is_a_wrong_command_line(capsys, host):
    out, err, status = run(capsys, "serve", "--standby", host)
    assert (out, status) == ("", 2)
    assert "argument --standby: " in err


def test_version_and_help_are_for_people(capsys):
    assert run(capsys, "--version") == (f"wharf {__version__}\n", "", 0)
    out, _, status = run(capsys, "--help")
    assert status == 0
    for command in ("serve", "config", "access"):
        assert command in out
    out, _, _ = run(capsys, "serve", "--help")
    assert "port 5000" in out


def test_a_wrong_command_line_is_2(capsys):
    for arguments in ((), ("nonsense",), ("access", "alice"), ("access", "alice", "a", "--config"), ("config",)):
        assert run(capsys, *arguments)[2] == 2


def test_the_schema_is_json(capsys):
    assert "$defs" in json.loads(run(capsys, "config", "schema")[0])


def test_a_configuration_is_checked_with_the_files_it_names(capsys, tmp_path, hashed, make_pair):
    certificate, key = make_pair("one")
    (tmp_path / "crt").write_bytes(certificate)
    (tmp_path / "key").write_bytes(key)
    (tmp_path / "users").write_text(f"alice:{hashed('one')}\n")
    config = {
        "auth": {"htpasswd": str(tmp_path / "users")},
        "tls": {"certificate": str(tmp_path / "crt"), "key": str(tmp_path / "key")},
    }
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps(config))
    out, err, status = run(capsys, "config", "check", str(path))
    assert (err, status) == ("", 0)
    assert "1 user in" in out
    (tmp_path / "key").write_bytes(make_pair("two")[1])
    assert "do not work together" in run(capsys, "config", "check", str(path))[1]
    (tmp_path / "users").write_text("alice:secret\n")
    out, err, status = run(capsys, "config", "check", str(path))
    assert status == 1
    assert "line 1" in err
    assert "secret" not in err


def test_a_configuration_is_checked_with_its_token_keys_and_client_cas(capsys, tmp_path, hashed, make_pair):
    for name, content in zip(("crt", "key"), make_pair("one"), strict=True):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "users").write_text(f"alice:{hashed('one')}\n")
    (tmp_path / "keys").write_text("k" * 40)
    (tmp_path / "ca").write_bytes(make_pair("ca")[0])
    file = {name: str(tmp_path / name) for name in ("crt", "key", "users", "keys", "ca")}
    config = {
        "auth": {"htpasswd": file["users"], "tokens": {"keyFile": file["keys"]}},
        "tls": {"certificate": file["crt"], "key": file["key"], "clientCa": file["ca"]},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    check = ("config", "check", str(tmp_path / "config.yaml"))
    assert run(capsys, *check)[1:] == ("", 0)
    (tmp_path / "ca").write_text("none")
    assert "client CAs" in run(capsys, *check)[1]
    (tmp_path / "keys").write_text("short")
    assert "32" in run(capsys, *check)[1]


@pytest.mark.parametrize(("text", "said"), [("typo: 1", "typo"), (None, "No such file")])
def test_a_configuration_that_is_broken_or_absent_is_one_line(capsys, tmp_path, text, said):
    path = tmp_path / "config.yaml"
    if text is not None:
        path.write_text(text)
    for command in (("config", "check", str(path)), ("access", "a", "b", "--config", str(path))):
        _, err, status = run(capsys, *command)
        assert status == 1
        assert said in err
        assert err.count("\n") == 1


def test_access_explains_what_decides(capsys, tmp_path):
    rules = [{"repositories": ["team/**"], "groups": ["dev"], "actions": ["pull", "push"]}]
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"auth": {"htpasswd": "/none", "groups": {"dev": ["alice"]}}, "access": rules}))
    out, _, status = run(capsys, "access", "alice", "team/app", "--config", str(path))
    assert status == 0
    lines = out.splitlines()
    assert re.match(r"pull +allowed +rule 1 \('team/\*\*'\) allows pull to group 'dev'", lines[0])
    assert re.match(r"delete +denied +the most specific match", lines[2])
    assert "anonymous" in run(capsys, "access", "", "team/app", "--config", str(path))[0]
    assert run(capsys, "access", "alice", "Team", "--config", str(path))[2] == 1


def test_without_config_the_file_of_the_system_counts_for_every_command(capsys, tmp_path, monkeypatch):
    system = tmp_path / "config.yaml"
    monkeypatch.setattr("wharf.place.CONFIGURATION", str(system))
    assert f"there is no {system}" in run(capsys, "access", "", "a")[1]
    system.write_text("data: /nowhere")
    assert "everyone may do everything" in run(capsys, "access", "", "a")[0]
    for command in (("gc",), ("verify",), ("webhooks", "list")):
        assert "/nowhere holds no registry's data" in run(capsys, *command)[1]
    system.write_text("typo: 1")
    for command in (("gc",), ("verify",), ("webhooks", "list"), ("access", "", "a"), ("serve",)):
        assert run(capsys, *command)[1].startswith(f"wharf: {system}: ")
    for command in (("gc",), ("verify",), ("webhooks", "list"), ("access",), ("serve",), ("import-distribution",)):
        said = " ".join(run(capsys, *command, "--help")[0].split())
        assert "--config FILE the registry's configuration file; without it" in said


def test_access_explains_what_a_robot_is_granted(capsys, tmp_path):
    path = tmp_path / "config.yaml"
    robots = {"_pull": {"repositories": ["**"], "actions": ["pull"]}}
    path.write_text(json.dumps({"auth": {"htpasswd": "/none", "robots": robots}, "access": []}))
    out, _, status = run(capsys, "access", "_pull", "team/app", "--config", str(path))
    assert status == 0
    assert "pull    allowed  robot '_pull' is granted pull in '**'" in out
    assert "push    denied" in out


def test_serve_says_what_it_uses_serves_and_ends_on_sigterm(tmp_path):
    command = [sys.executable, "-m", "wharf", "serve", "--address", "127.0.0.1:0", "--data", str(tmp_path / "data")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    config = tmp_path / "config.yaml"
    config.write_text("adminAddress: ''")
    command += ["--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if '"serving"' in line:
                break
        url = json.loads(said[-1])["url"]
        with urllib.request.urlopen(url + "/v2/") as answer:  # noqa: S310 - the address that it has just printed
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
        assert process.wait(10) == 0
    assert "no users are configured: anyone may push, pull and delete" in "".join(said)
    assert str(tmp_path / "data") in "".join(said)
    assert '"stopped"' in rest


def test_no_http_client_for_all_purposes_is_loaded():
    """It takes as long to load as all that serves a registry."""
    say = "import sys, wharf.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", say], capture_output=True, check=True, text=True).stdout.split()
    assert "wharf" in loaded
    assert "aiohttp" not in loaded


def test_serve_ends_with_one_line_when_it_cannot(tmp_path):
    (tmp_path / "file").write_text("")
    for extra in (["--address", "nonsense"], ["--data", str(tmp_path / "file")], ["--config", "/none"]):
        command = [sys.executable, "-m", "wharf", "serve", "--address", "127.0.0.1:0", "--data", str(tmp_path), *extra]
        found = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert found.returncode == 1
        assert found.stderr.splitlines()[-1].startswith("wharf: ")
        assert "Traceback" not in found.stderr


def test_a_configuration_that_cannot_be_read_is_named(capsys, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("readOnly: maybe")
    for command in (("config", "check", bad), ("gc", "--config", bad), ("access", "a", "b", "--config", bad)):
        _, err, status = run(capsys, *map(str, command))
        assert (err, status) == (f"wharf: {bad}: Expected `bool`, got `str` - at `$.readOnly`\n", 1)


def test_access_says_when_nobody_can_log_in_by_that_name(capsys, tmp_path, hashed):
    users, config = tmp_path / "users", tmp_path / "config.yaml"
    users.write_text(f"alice:{hashed('one')}\n")
    config.write_text(json.dumps({"auth": {"htpasswd": str(users)}}))
    assert run(capsys, "access", "alice", "a", "--config", str(config))[1:] == ("", 0)
    out, err, status = run(capsys, "access", "bob", "a", "--config", str(config))
    assert (out.splitlines()[0].split()[:2], status) == (["pull", "allowed"], 0)
    assert err == f"but nobody can log in as 'bob': {users} has no such user\n"
    users.unlink()
    assert "is not known" in run(capsys, "access", "bob", "a", "--config", str(config))[1]


def test_a_reader_that_has_seen_enough_is_no_defect():
    command = [sys.executable, "-m", "wharf", "config", "schema"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) == 1


def test_a_command_that_is_broken_off_says_nothing(capsys, monkeypatch):
    def interrupt(options):
        raise KeyboardInterrupt

    monkeypatch.setattr("wharf.cli._schema", interrupt)
    assert run(capsys, "config", "schema") == ("", "", 130)
