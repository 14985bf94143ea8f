"""Commands with a key: once, whatever becomes of the line, of the console and of the node."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.errors import Overloaded
from fenghuo.model.command import Answer, Command
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import VERBS, only_reads
from fenghuo.service.commands import KEPT_S, Commands
from fenghuo.store.tables import COMMAND
from tests.core.service.manned import Manned, manned

DUTY = Actor("duty", ("operator", "viewer"), "console")
OFF = Command("channel.disable", "k1", args={"name": "a", "reason": "storm"})


@pytest.fixture
async def there(tmp_path: Path) -> AsyncIterator[Manned]:
    async with manned(tmp_path) as found:
        yield found


def commands(there: Manned) -> Commands:
    """As a daemon that has just started has them: it remembers nothing."""
    return Commands(there.desk.do, there.house.store, there.house.clock)


def data(answer: Answer) -> Any:
    """What an answer that is ok holds."""
    assert answer.ok, answer.err
    assert isinstance(answer.data, msgspec.Raw)
    return msgspec.json.decode(answer.data)


def code(answer: Answer) -> tuple[str, str]:
    """Why it is not ok: the stable word, and the finer one."""
    assert not isinstance(answer.err, msgspec.UnsetType)
    return answer.err.code, answer.err.args.get("reason", "")


async def switched(there: Manned) -> list[str]:
    """Every time that the channel was switched."""
    return [event.type for event in await there.house.store.events.read(0, 1000) if event.type == "channel.admin"]


async def test_a_key_that_comes_again_has_no_second_effect_and_gets_the_first_answer(there: Manned) -> None:
    """Also of another daemon over the same disk, and while the first is still at work."""
    first, second = await asyncio.gather(*(commands_.carry_out(DUTY, OFF) for commands_ in [commands(there)] * 2))
    again = await commands(there).carry_out(DUTY, OFF)
    assert data(first) == data(second) == data(again)
    assert ("disabled", ["channel.admin"]) == (data(again)["admin"], await switched(there))


async def test_a_key_is_of_one_person_for_one_command_and_for_a_day(there: Manned) -> None:
    """Other contents are refused, somebody else's press is another press, and a day later the key is free again."""
    await commands(there).carry_out(DUTY, OFF)
    other = msgspec.structs.replace(OFF, args={"name": "a", "reason": "other"})
    assert ("conflict", "key") == code(await commands(there).carry_out(DUTY, other))
    assert data(await commands(there).carry_out(Actor("wang", ("operator",), "console"), other))
    there.house.clock.now += KEPT_S + 1
    assert data(await commands(there).carry_out(DUTY, other))
    assert 3 == len(await switched(there))
    assert ["duty"] == [row.actor for row in await there.house.store.find(COMMAND)]


async def test_what_was_done_before_a_kill_is_known_after_it(there: Manned) -> None:
    """The verb has committed its change, and its answer was never written: the mark of the key came with the change."""
    reached = asyncio.Event()

    async def and_die(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        await there.desk.do(actor, verb, args)
        reached.set()
        await asyncio.Event().wait()

    dying = asyncio.create_task(Commands(and_die, there.house.store, there.house.clock).carry_out(DUTY, OFF))
    await reached.wait()
    again = data(await commands(there).carry_out(DUTY, OFF))
    assert ({"changed": ["channel/a"]}, ["channel.admin"]) == (again, await switched(there))
    dying.cancel()
    await _ends_of(asyncio.all_tasks())


async def test_what_nobody_can_know_after_a_kill_is_unknown_and_not_done_again(there: Manned) -> None:
    """A verb that changes things in the loop of the engine is claimed before it is begun; one that only marks is done now."""

    async def die(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        begun.set()
        await asyncio.Event().wait()

    shed = Command("queue.shed", "k2", args={"id": 7})
    for command, expected in ((shed, ("unknown", "")), (OFF, ())):
        begun = asyncio.Event()
        dying = asyncio.create_task(Commands(die, there.house.store, there.house.clock).carry_out(DUTY, command))
        await begun.wait()
        answer = await commands(there).carry_out(DUTY, command)
        assert expected == (code(answer) if not answer.ok else ())
        dying.cancel()
        await _ends_of(asyncio.all_tasks())
    assert ["channel.admin"] == await switched(there)


async def test_who_acts_on_a_row_that_somebody_else_has_changed_hears_who_and_when(there: Manned) -> None:
    """Both press at once on what both saw: one is carried out, in the transaction that the other loses in."""
    seen = there.house.store.events.head
    by_wang = Command("channel.enable", "w", if_rev=seen, args={"name": "a", "reason": "it is dry"})
    by_duty = msgspec.structs.replace(OFF, if_rev=seen)
    here = commands(there)
    wang = Actor("wang", ("operator",), "console")
    first, second = await asyncio.gather(here.carry_out(wang, by_wang), here.carry_out(DUTY, by_duty))
    assert (True, ("conflict", "changed")) == (first.ok, code(second))
    assert not isinstance(second.err, msgspec.UnsetType)
    assert ("channel/a", "wang", "channel.admin", there.house.clock.now) == tuple(
        second.err.args[name] for name in ("path", "who", "what", "at")
    )
    assert second == await here.carry_out(DUTY, by_duty)
    now = msgspec.structs.replace(OFF, key="k3", if_rev=there.house.store.events.head)
    assert data(await here.carry_out(DUTY, now))


async def test_a_decision_about_what_has_moved_on_since_it_was_drawn_is_not_carried_out(there: Manned) -> None:
    """A delivery that was sent meanwhile, an objective that came on: whoever decides by an old picture is told so, and nothing happens."""
    await there.house.order("wang")
    here = commands(there)
    for verb in ("queue.resolve", "queue.shed", "queue.waive", "queue.escalate"):
        args = {"id": 1, **({"as": "failed"} if verb == "queue.resolve" else {})}
        assert ("conflict", "changed") == code(await here.carry_out(DUTY, Command(verb, f"old {verb}", if_rev=1, args=args))), verb
    assert [] == await there.house.events("objective.urged")


async def test_a_row_with_a_rev_of_its_own_is_judged_by_its_verb(there: Manned) -> None:
    """An alarm counts its own changes: what the console drew goes to the verb, which knows the row."""
    asked: list[Mapping[str, Any]] = []

    async def ack(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        asked.append(args)
        return {"acked": [7]}

    here = Commands(ack, there.house.store, there.house.clock)
    assert {"acked": [7]} == data(await here.carry_out(DUTY, Command("alarm.ack", "k8", if_rev=3, args={"id": 7})))
    assert [{"id": 7, "if_rev": 3}] == asked


async def test_a_command_that_cannot_be_judged_is_refused_with_a_sentence(there: Manned) -> None:
    """No key for what changes, a key that is none, a rev of no row; a reading verb needs no key."""
    here = commands(there)
    wrong = (
        (msgspec.structs.replace(OFF, key=""), ("refused", "key-missing")),
        (msgspec.structs.replace(OFF, key="k\n"), ("refused", "bad-key")),
        (msgspec.structs.replace(OFF, if_rev=1, args={}), ("refused", "no-row")),
        (Command("no.verb", "k4"), ("not-found", "")),
        (Command("channel.disable", "k5", args={"nmae": "a"}), ("refused", "bad-argument")),
    )
    for command, expected in wrong:
        assert expected == code(await here.carry_out(DUTY, command))
    assert data(await here.carry_out(DUTY, Command("channel.ls")))


async def test_what_was_not_begun_is_not_remembered(there: Manned) -> None:
    """Denied, or too much at once: the same press is carried out when its person has logged in again, or the crowd is gone."""
    viewer = Actor("duty", ("viewer",), "console")
    assert ("forbidden", "") == code(await commands(there).carry_out(viewer, OFF))
    busy = [Overloaded("too much at once")]

    async def crowded(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        if busy:
            raise busy.pop()
        return {"done": verb}

    here = Commands(crowded, there.house.store, there.house.clock)
    resolve = Command("queue.resolve", "k6", args={"id": 1, "as": "gone"})
    assert ("overloaded", "") == code(await here.carry_out(DUTY, resolve))
    assert {"done": "queue.resolve"} == data(await here.carry_out(DUTY, resolve))
    assert data(await commands(there).carry_out(DUTY, OFF))


async def test_a_secret_is_said_once(there: Manned) -> None:
    """The one-time code of an account goes to whoever made the account, and not onto the disk."""

    async def add(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        return {"code": "4711-0815"}

    here = Commands(add, there.house.store, there.house.clock)
    command = Command("account.add", "k7", args={"name": "anna"})
    assert {"code": "4711-0815"} == data(await here.carry_out(DUTY, command))
    assert {"withheld": True} == data(await here.carry_out(DUTY, command))
    assert not [row for row in await there.house.store.find(COMMAND) if "4711" in row.answer]


def test_what_changes_something_needs_a_key() -> None:
    """By the name of the verb; the list stands here so that a new one is looked at."""
    changing = {verb for verb in VERBS if not only_reads(verb)}
    assert {
        "alert.sign",
        "alert.cancel",
        "message.send",
        "channel.disable",
        "mode.declare",
        "rollcall.call",
        "queue.shed",
        "shift.roster",
        "break_glass.review",
    } <= changing
    assert {"status", "state", "alert.review", "message.show", "audit.read", "directory.check", "road.reach", "shift.sheet"}.isdisjoint(
        changing
    )


async def _ends_of(tasks: set[asyncio.Task[Any]]) -> None:
    """What the dead daemon had under way ends with it."""
    for task in tasks:
        if "Commands._once" in repr(task.get_coro()):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_no_fast_hash_of_a_password_lies_in_the_store(there: Manned) -> None:
    """What is kept of a command is the same whatever password came with it, so that a copy of the store is nothing to guess by; what it
    says beside that is told apart as ever."""
    said = {"name": "zhang", "password": "Tide-table 4711", "code": "123456", "key": "what stands in the key file"}
    rows: list[str] = []

    async def done(actor: Actor, verb: str, args: Mapping[str, Any]) -> Any:
        return {"had": sorted(args)}

    here = Commands(done, there.house.store, there.house.clock)
    for number, changed in enumerate(({}, {"password": "Tide 2"}, {"code": "654321"}, {"key": "another"}, {"name": "li"})):
        answer = await here.carry_out(DUTY, Command("break_glass.release", f"p{number}", args={**said, **changed}))
        assert {"had": sorted(said)} == data(answer), "the verb has them all"
        (row,) = [row for row in await there.house.store.find(COMMAND) if row.key == f"p{number}"]
        rows.append(row.digest)
    assert (1, 2) == (len(set(rows[:4])), len(set(rows)))
