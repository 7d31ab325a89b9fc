"""`wharf webhooks` works beside a running registry, and shows what a person needs to mend an endpoint."""

import asyncio
import json

import pytest

from wharf.blobs.paths import Layout
from wharf.cli import main
from wharf.metadata.outbox import Failure
from wharf.metadata.sqlite import SqliteIndex
from wharf.metadata.sqlite_outbox import SqliteOutbox


@pytest.fixture
def data(tmp_path, event):
    """The data of a registry whose webhook `deploy` has two dead letters, one event that waits, and one delivered."""

    async def fill(index):
        clock = 1_800_000_000.0
        outbox = SqliteOutbox(index, lambda: clock)
        for number in range(1, 5):
            await index.write(lambda _: True, [event(number, tag="v1")])
        deliveries = await outbox.pending("deploy", "team/app", 9)
        await outbox.delivered("deploy", [deliveries[0].id])
        clock += 1
        for each in deliveries[1:3]:
            await outbox.give_up("deploy", Failure(each.id, "422 Unprocessable Entity", "no such project"), 0.0, 9)

    Layout(tmp_path).index.parent.mkdir(parents=True, exist_ok=True)
    index = SqliteIndex(Layout(tmp_path).index, lambda digests: asyncio.sleep(0, []), route=lambda event: ["deploy"])
    index.open()
    asyncio.run(fill(index))
    index.close()
    return str(tmp_path)


def run(capsys, *arguments):
    main(["webhooks", *arguments])
    return capsys.readouterr()


def test_list_tells_which_endpoint_is_ill(data, capsys):
    header, row = run(capsys, "list", "--data", data).out.splitlines()
    assert header.split()[:4] == ["NAME", "DELIVERED", "PENDING", "DEAD"]
    assert row.split()[:5] == ["deploy", "1", "1", "2", "0"]
    assert row.endswith("422 Unprocessable Entity")
    (listed,) = json.loads(run(capsys, "list", "--data", data, "-o", "json").out)
    assert (listed["name"], listed["failed"], listed["lastSuccess"]) == ("deploy", 2, "2027-01-15T08:00:00.000000Z")


def test_show_has_each_dead_letter_with_its_last_answer(data, capsys):
    shown = run(capsys, "show", "deploy", "--data", data)
    assert "event-2  2027-01-15T08:00:00.000000Z  push  team/app:v1" in shown.out
    assert "1 attempt, the last: 422 Unprocessable Entity" in shown.out
    assert "answer: no such project" in shown.out
    (letter,) = json.loads(run(capsys, "show", "deploy", "--limit", "1", "--data", data, "-o", "json").out)
    assert (letter["event"]["id"], letter["answer"]) == ("event-2", "no such project")
    assert "1 more" in run(capsys, "show", "deploy", "--limit", "1", "--data", data).err


def test_replay_lets_all_or_some_wait_again(data, capsys):
    assert run(capsys, "replay", "deploy", "--event", "event-3", "--data", data).out == "1 event will be sent again\n"
    assert json.loads(run(capsys, "replay", "deploy", "--data", data, "-o", "json").out) == {"replayed": 1}
    assert "no event was given up" in run(capsys, "show", "deploy", "--data", data).err


@pytest.mark.parametrize("action", ["show", "replay"])
def test_an_unknown_webhook_is_an_error_that_says_where_to_look(data, capsys, action):
    with pytest.raises(SystemExit):
        main(["webhooks", action, "nobody", "--data", data])
    assert "`wharf webhooks list`" in capsys.readouterr().err
