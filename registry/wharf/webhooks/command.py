"""The command `wharf webhooks`: how deliveries stand, what was given up and why, and sending it again.

Rule: safe while the registry serves, which finds what is replayed within a second. Neither URLs nor headers are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import sys
from typing import TYPE_CHECKING, Any

import msgspec

from wharf import clock, place
from wharf.metadata.outbox import EndpointState
from wharf.metadata.sqlite_outbox import SqliteOutbox
from wharf.upkeep import opened
from wharf.wording import count

if TYPE_CHECKING:
    from wharf.metadata.outbox import Delivery, Outbox

LISTED = 100
"""Dead letters that are shown unless more are asked for."""


class UnknownWebhookError(Exception):
    """There is no such webhook. The message says how to find those that there are."""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    webhooks = commands.add_parser(
        "webhooks",
        help="list how webhooks are delivered, show what was given up, send it again",
        description="How webhooks are delivered. It is safe while the registry serves.",
    )
    actions = webhooks.add_subparsers(required=True, metavar="ACTION")
    one = actions.add_parser("list", help="every webhook, what was delivered, and what is wrong")
    _finish(one, _list)
    one = actions.add_parser("show", help="the dead letters of a webhook, oldest first, with their last answers")
    one.add_argument("webhook", metavar="NAME", help="the name of a webhook")
    one.add_argument("--limit", metavar="N", type=int, default=LISTED, help=f"show so many at most ({LISTED})")
    _finish(one, _show)
    one = actions.add_parser("replay", help="send the dead letters of a webhook again")
    one.add_argument("webhook", metavar="NAME", help="the name of a webhook")
    one.add_argument("--event", metavar="ID", action="append", default=[], help="only this event; may be repeated")
    _finish(one, _replay)


def _finish(parser: argparse.ArgumentParser, work: Any) -> None:
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table", help="how it is printed")
    place.add_options(parser)
    parser.set_defaults(run=lambda options: asyncio.run(_run(options, work)))


async def _run(options: argparse.Namespace, work: Any) -> None:
    config, data = place.of(options)
    with opened(data) as storage:
        outbox = SqliteOutbox(storage.index, clock.now)
        states = {hook.name: EndpointState() for hook in config.webhooks} | await outbox.states()
        if "webhook" in options and options.webhook not in states:
            raise UnknownWebhookError(f"no webhook {options.webhook!r} is known: `wharf webhooks list` shows those")
        await work(options, outbox, states)


async def _list(options: argparse.Namespace, outbox: Outbox, states: dict[str, EndpointState]) -> None:
    del outbox
    if options.output == "json":
        _print_json([{"name": name, **_facts(state)} for name, state in sorted(states.items())])
        return
    print(
        f"{'NAME':24}  {'DELIVERED':>9}  {'PENDING':>7}  {'DEAD':>6}  {'DROPPED':>7}  {'LAST SUCCESS':27}  LAST ERROR"
    )
    for name, state in sorted(states.items()):
        ill = (state.last_error_at or 0.0) > (state.last_success or 0.0)
        error = state.last_error if ill else ""
        print(
            f"{name:24}  {state.delivered:>9}  {state.pending:>7}  {state.dead:>6}  {state.dropped:>7}"
            f"  {clock.rfc3339(state.last_success) or 'never':27}  {error}".rstrip()
        )


async def _show(options: argparse.Namespace, outbox: Outbox, states: dict[str, EndpointState]) -> None:
    letters = await outbox.dead_letters(options.webhook, options.limit)
    if options.output == "json":
        _print_json([_letter(each) for each in letters])
        return
    for each in letters:
        event = each.event
        tag = f":{event.tag}" if event.tag else f"@{event.digest}" if event.digest else ""
        print(f"{event.id}  {event.timestamp}  {event.action}  {event.repository}{tag}")
        print(f"    {count(each.attempts, 'attempt')}, the last: {each.error}")
        if each.answer:
            print(f"    answer: {each.answer}")
    left = states[options.webhook].dead - len(letters)
    if left > 0:
        print(f"{left} more: --limit shows them", file=sys.stderr)
    if not letters:
        print("no event was given up", file=sys.stderr)


async def _replay(options: argparse.Namespace, outbox: Outbox, states: dict[str, EndpointState]) -> None:
    del states
    replayed = await outbox.replay(options.webhook, options.event)
    if options.output == "json":
        _print_json({"replayed": replayed})
    else:
        print(f"{count(replayed, 'event')} will be sent again")


def _facts(state: EndpointState) -> dict[str, object]:
    times = ("last_success", "last_error_at", "next_attempt")
    facts = dataclasses.asdict(state) | {name: clock.rfc3339(getattr(state, name)) for name in times}
    return {_camel(name): value for name, value in facts.items()}


def _letter(letter: Delivery) -> dict[str, object]:
    event = {_camel(name): value for name, value in dataclasses.asdict(letter.event).items()}
    return {"event": event, "attempts": letter.attempts, "error": letter.error, "answer": letter.answer}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


def _print_json(document: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())
