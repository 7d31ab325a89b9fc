"""Handlers put keys onto the queue and do nothing else."""

import ast
import asyncio
import inspect
import logging
from pathlib import Path
from typing import Any

import kopf

import wharfinger
from wharfinger import handlers
from wharfinger.kube.resources import REGISTRY, WEBHOOK

REGISTERED = kopf.get_default_registry()


async def test_an_event_is_delivered_and_nothing_else() -> None:
    delivered: list[Any] = []
    memo = kopf.Memo(door=handlers.Door(login=asyncio.sleep, deliver=lambda *what: delivered.append(what)))
    await handlers.registry_event(event={"type": "ADDED", "object": {}}, memo=memo)
    await handlers.webhook_event(event={"type": "DELETED", "object": {}}, memo=memo)
    assert delivered == [
        (REGISTRY, {"type": "ADDED", "object": {}}),
        (WEBHOOK, {"type": "DELETED", "object": {}}),
    ]


async def test_kopf_logs_in_as_the_rest_does() -> None:
    connection = kopf.ConnectionInfo(server="https://x")

    async def login() -> kopf.ConnectionInfo:
        return connection

    memo = kopf.Memo(door=handlers.Door(login=login, deliver=lambda *_: None))
    assert await handlers.login(memo=memo) is connection


async def test_kopf_is_kept_from_writing_and_from_killing_the_process() -> None:
    settings = kopf.OperatorSettings()
    await handlers.configure(settings=settings)
    assert not settings.posting.enabled
    assert not settings.scanning.disabled
    assert settings.process.ultimate_exiting_timeout is None
    assert logging.getLogger("kopf.objects").level == logging.WARNING
    await handlers.farewell()


async def test_kopf_compares_nothing_and_keeps_nothing() -> None:
    settings = kopf.OperatorSettings()
    await handlers.configure(settings=settings)
    storage = settings.persistence.diffbase_storage
    body = kopf.Body({"metadata": {"name": "team"}, "spec": {"replicas": 1}})
    assert storage.build(body=body) == {}
    assert storage.fetch(body=body) is None
    patch = kopf.Patch()
    storage.store(body=body, patch=patch, essence=storage.build(body=body))
    assert patch == {}


def test_there_is_nothing_for_which_kopf_would_add_a_finalizer_or_an_annotation() -> None:
    assert not REGISTERED._changing.get_all_handlers()
    assert not REGISTERED._spawning.get_all_handlers()
    assert not REGISTERED._indexing.get_all_handlers()
    assert len(list(REGISTERED._watching.get_all_handlers())) == 2


def test_a_handler_is_short_and_calls_no_other_handler() -> None:
    tree = ast.parse(inspect.getsource(handlers))
    functions = [node for node in tree.body if isinstance(node, ast.AsyncFunctionDef)]
    names = {function.name for function in functions}
    assert len(functions) == 5
    for function in functions:
        assert asyncio.iscoroutinefunction(getattr(handlers, function.name)), "else Kopf would use a thread for it"
        assert (function.end_lineno or 0) - function.lineno < 25
        called = {
            node.func.id for node in ast.walk(function) if isinstance(node, ast.Call) and hasattr(node.func, "id")
        }
        assert not called & names


def test_no_other_module_has_kopfs_decorators() -> None:
    for path in Path(wharfinger.__path__[0]).rglob("*.py"):
        assert path.name == "handlers.py" or "@kopf." not in path.read_text(), path
