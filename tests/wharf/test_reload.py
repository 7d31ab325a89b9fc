"""Reloading what is in files, swapped as the kubelet does it or written in place."""

import hashlib
import json

import pytest

from wharf.auth.access import Subject
from wharf.metrics import Metrics
from wharf.reload import LoadError, Reloader


class Mounted:
    """A projected volume: files are symlinks through ..data, which is swapped whole."""

    def __init__(self, path):
        self.path = path
        self._version = 0

    def swap(self, **files):
        self._version += 1
        version = self.path / f"..v{self._version}"
        version.mkdir()
        for given, content in files.items():
            name = given.replace("_", ".")
            (version / name).write_bytes(content if isinstance(content, bytes) else content.encode())
            if not (self.path / name).is_symlink():
                (self.path / name).symlink_to(f"..data/{name}")
        (self.path / "..new").symlink_to(version.name)
        (self.path / "..new").rename(self.path / "..data")

    def __truediv__(self, name):
        return str(self.path / name)


@pytest.fixture
def mounted(tmp_path):
    return Mounted(tmp_path)


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def htpasswd(hashed):
    return lambda **users: "".join(f"{name}:{hashed(password)}\n" for name, password in users.items())


def config(mounted, **fields):
    return json.dumps({"auth": {"htpasswd": mounted / "htpasswd"}, **fields})


async def test_a_swapped_symlink_is_seen_at_the_next_look(mounted, metrics, htpasswd):
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(alice="one"))
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    assert await reloader.live.credentials.verify("alice", "one")
    seen = []
    reloader.on_change(seen.append)
    before = reloader.report("htpasswd")
    mounted.swap(config_yaml=config(mounted, readOnly=True), htpasswd=htpasswd(alice="two"))
    reloader.poll()
    assert reloader.live.config.read_only
    assert await reloader.live.credentials.verify("alice", "two")
    assert not await reloader.live.credentials.verify("alice", "one")
    assert seen[-1] is reloader.live
    assert reloader.report("htpasswd")["sha256"] != before["sha256"]
    reloader.close()


async def test_a_file_that_is_written_in_place_is_read_once_it_rests(tmp_path, metrics):
    path = tmp_path / "config.yaml"
    path.write_text("{}")
    reloader = Reloader(metrics, str(path))
    reloader.load()
    path.write_text("readOnly: true")
    reloader.poll()
    assert not reloader.live.config.read_only
    reloader.poll()
    assert reloader.live.config.read_only
    reloader.close()


async def test_a_broken_file_keeps_the_old_one_and_says_so(mounted, metrics, htpasswd):
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(alice="one"))
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    good = reloader.report("htpasswd")
    mounted.swap(config_yaml=config(mounted, typo=1), htpasswd="alice:plain")
    reloader.poll()
    assert await reloader.live.credentials.verify("alice", "one")
    report = reloader.report("htpasswd")
    assert (report["sha256"], report["loadedAt"]) == (good["sha256"], good["loadedAt"])
    assert report["error"].startswith("line 1: ")
    assert "typo" in reloader.report("configuration")["error"]
    assert 'wharf_reload_failed{file="htpasswd"} 1' in metrics.exposition()
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(alice="two"))
    reloader.poll()
    assert reloader.report("htpasswd")["error"] == reloader.report("configuration")["error"] == ""
    assert await reloader.live.credentials.verify("alice", "two")
    assert 'wharf_reload_failed{file="htpasswd"} 0' in metrics.exposition()
    reloader.close()


async def test_a_configuration_that_names_a_broken_file_changes_nothing(mounted, metrics, htpasswd):
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(alice="one"), other="rubbish")
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    broken = json.dumps({"auth": {"htpasswd": mounted / "other"}, "readOnly": True})
    mounted.swap(config_yaml=broken, htpasswd=htpasswd(alice="one"), other="rubbish")
    reloader.poll()
    assert not reloader.live.config.read_only
    assert await reloader.live.credentials.verify("alice", "one")
    assert "line 1" in reloader.report("configuration")["error"]
    reloader.close()


async def test_users_can_be_taken_away_and_given_by_a_reload(mounted, metrics, htpasswd):
    mounted.swap(config_yaml="{}", htpasswd=htpasswd(alice="one"))
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    assert reloader.live.access.open_to_anonymous()
    assert reloader.report("htpasswd") is None
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(alice="one"))
    reloader.poll()
    assert not reloader.live.access.open_to_anonymous()
    assert await reloader.live.credentials.verify("alice", "one")
    mounted.swap(config_yaml="{}", htpasswd=htpasswd(alice="one"))
    reloader.poll()
    assert reloader.live.credentials is None
    reloader.close()


def test_what_needs_a_restart_is_said_and_the_rest_is_used(mounted, metrics):
    mounted.swap(config_yaml='{"address": "127.0.0.1:1"}')
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    mounted.swap(config_yaml='{"address": "127.0.0.1:2", "readOnly": true}')
    reloader.poll()
    assert (reloader.config.address, reloader.config.read_only) == ("127.0.0.1:1", True)
    assert "address: a change here takes effect" in reloader.report("configuration")["error"]
    reloader.close()


def test_an_admin_token_is_reloaded(mounted, metrics):
    text = json.dumps({"adminTokenFile": mounted / "token"})
    mounted.swap(config_yaml=text, token="one\n")
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    assert reloader.admin_token == "one"
    mounted.swap(config_yaml=text, token="two\n")
    reloader.poll()
    assert reloader.admin_token == "two"
    mounted.swap(config_yaml=text, token="  ")
    reloader.poll()
    assert reloader.admin_token == "two"
    reloader.close()


@pytest.mark.parametrize("broken", ["config_yaml", "htpasswd"])
def test_the_first_load_refuses_what_is_broken_and_names_the_file(mounted, metrics, htpasswd, broken):
    files = {"config_yaml": config(mounted), "htpasswd": htpasswd(alice="one"), broken: ":::"}
    mounted.swap(**files)
    reloader = Reloader(metrics, mounted / "config.yaml")
    with pytest.raises(LoadError, match=broken.replace("_", ".")):
        reloader.load()
    reloader.close()


def test_a_missing_file_is_named(tmp_path, metrics):
    reloader = Reloader(metrics, str(tmp_path / "none.yaml"))
    with pytest.raises(LoadError, match=r"none\.yaml: No such file"):
        reloader.load()
    reloader.close()


def test_without_a_file_the_overrides_are_the_configuration(metrics):
    reloader = Reloader(metrics, overrides={"data": "/x"})
    assert reloader.load().data == "/x"
    reloader.poll()
    assert reloader.report("configuration") is None
    reloader.close()


async def test_what_robots_are_granted_is_taken_up_too(mounted, metrics, htpasswd):
    mounted.swap(config_yaml=config(mounted), htpasswd=htpasswd(_pull="one"))
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    assert reloader.live.access.allows(Subject("_pull"), "a", "delete")
    auth = {"htpasswd": mounted / "htpasswd", "robots": {"_pull": {"repositories": ["**"], "actions": ["pull"]}}}
    mounted.swap(config_yaml=json.dumps({"auth": auth}), htpasswd=htpasswd(_pull="one"))
    reloader.poll()
    assert reloader.live.access.allows(Subject("_pull"), "a", "pull")
    assert not reloader.live.access.allows(Subject("_pull"), "a", "delete")


def test_client_cas_come_and_go_and_each_is_reported(mounted, metrics, make_pair):
    (certificate, key), (one, _), (other, _) = make_pair("localhost"), make_pair("a"), make_pair("b")
    pair = {"certificate": mounted / "tls.crt", "key": mounted / "tls.key"}
    asking = json.dumps({"tls": {**pair, "clientCa": mounted / "ca.crt"}})
    silent = json.dumps({"tls": pair})
    files = {"tls_crt": certificate, "tls_key": key}
    mounted.swap(config_yaml=silent, **files)
    reloader = Reloader(metrics, mounted / "config.yaml")
    reloader.load()
    assert reloader.report("client_ca") is None
    for authorities in (one, other):
        mounted.swap(config_yaml=asking, ca_crt=authorities, **files)
        reloader.poll()
        assert reloader.report("client_ca")["sha256"] == hashlib.sha256(authorities).hexdigest()
    mounted.swap(config_yaml=asking, ca_crt="nonsense", **files)
    reloader.poll()
    assert reloader.report("client_ca")["sha256"] == hashlib.sha256(other).hexdigest()
    assert "client CAs" in reloader.report("client_ca")["error"]
    mounted.swap(config_yaml=silent, **files)
    reloader.poll()
    assert reloader.report("client_ca") is None
    reloader.close()
