"""What one that stands by says on its admin port."""

import json

import pytest

from wharf.metrics import Metrics
from wharf.reload import Reloader
from wharf.standby.admin import StandbyAdminApp

TOKEN = "very-secret"


class Asked:
    """The application, and how it stands."""

    def __init__(self, path):
        (path / "token").write_text(TOKEN)
        (path / "config.yaml").write_text(json.dumps({"adminTokenFile": str(path / "token")}))
        self.metrics = Metrics()
        self.metrics.standby.set(value=1)
        self.reloader = Reloader(self.metrics, str(path / "config.yaml"))
        self.reloader.load()
        self.active, self.problem = "wharf-a", ""
        self.app = StandbyAdminApp(self.reloader, self.metrics, lambda: self.active, self.unready)

    async def unready(self):
        return self.problem

    async def __call__(self, path, *, method="GET", token=TOKEN):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"method": method, "path": path, "headers": [(b"authorization", f"Bearer {token}".encode())]}
        await self.app(scope, None, send)
        return sent[0]["status"], sent[1]["body"].decode()


@pytest.fixture
def ask(tmp_path):
    made = Asked(tmp_path)
    yield made
    made.reloader.close()


async def test_it_is_alive_and_ready_unless_something_is_in_the_way(ask):
    for path in ("/livez", "/startupz", "/readyz"):
        assert await ask(path, token="") == (200, "ok\n")
    ask.problem = "nobody is there"
    assert await ask("/readyz") == (503, "nobody is there\n")
    assert await ask("/livez") == (200, "ok\n")


async def test_status_names_the_active_one_and_what_is_loaded_and_nothing_of_the_data(ask):
    status, body = await ask("/status")
    said = json.loads(body)
    assert status == 200
    assert (said["role"], said["active"]) == ("standby", "wharf-a")
    assert said["configuration"]["sha256"]
    assert said["htpasswd"] is None
    assert not {"storage", "webhooks", "garbageCollection", "scrub"} & said.keys()


async def test_metrics_are_of_the_files_alone(ask):
    lines = [line for line in (await ask("/metrics"))[1].splitlines() if not line.startswith("#")]
    assert "wharf_standby 1" in lines
    names = {line.partition("{")[0].partition(" ")[0] for line in lines}
    assert names == {"wharf_standby", "wharf_reload_failed", "wharf_reload_timestamp_seconds"}


async def test_a_token_is_needed_and_a_sweep_is_the_active_one_s(ask):
    assert (await ask("/status", token="wrong"))[0] == 401
    assert (await ask("/gc"))[0] == 405
    assert await ask("/gc", method="POST") == (503, "standing by: ask wharf-a\n")
    ask.active = ""
    assert "when there is one" in (await ask("/gc", method="POST"))[1]
    assert (await ask("/nothing"))[0] == 404
