"""Command is taken over from whom a person has named, for as long as that holds, and each open order once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import msgspec

from fenghuo.engine.handover import Carried, Handing, carried_text, handover_text
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.errors import Overloaded
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.evidence import Evidence
from fenghuo.model.message import MessageId
from fenghuo.model.traffic import Priority, Traffic
from fenghuo.service.command_taken import TakingOver
from fenghuo.service.settings_values import TakeoverSettings
from fenghuo.store.tables import MESSAGE
from fenghuo.store.transaction import Tx
from tests.core.engine.values import content, directory, info, message
from tests.core.service.test_power_energy import Followed, followed
from tests.core.store.rows import message as row

UNTIL = datetime(2099, 1, 1, tzinfo=UTC)
SENT = datetime(1970, 1, 12, 13, 46, 40, 123_456, tzinfo=UTC)
COMMAND = "【移交指挥】taicang电量9%，请接替指挥。未结1条"
ORDER = Carried(7, Priority.P1, Evidence.HUMAN, "01JX", "operator", SENT, 2_000_000.0, ("person:wang", "person:nobody"), "上堤")


class Port:
    """The node that takes over: what it accepted in whose name, and under which key."""

    def __init__(self, there: Followed, until: datetime = UNTIL) -> None:
        self.there = there
        self.orders: list[tuple[str, str, dict[str, Any]]] = []
        self.answer: Accepted | Refused = Accepted(MessageId("own-1"), 1, "accepted")
        self.busy = 0
        self._until = until
        self._task: asyncio.Task[None] | None = None

    async def starts(self) -> None:
        office = Office(node="port", clock=self.there.clock, rules=cast(RuleBook, None), directory=directory())
        taking = TakingOver(self.there.store, office, TakeoverSettings(("post:TC",), self._until, "张"), self._submit)
        self._task = asyncio.create_task(taking.run())
        await asyncio.sleep(1.0)

    async def dies(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def hears(self, name: str, text: str, source: str = "post:TC", traffic: Traffic = Traffic.ACTUAL) -> None:
        body = msgspec.msgpack.encode(message(content(traffic=traffic, infos=(info(headline=text),)), id=MessageId(name)))
        kept = msgspec.structs.replace(row(name), source=source, body=body, traffic=traffic)

        def keep(tx: Tx) -> None:
            tx.insert(MESSAGE, kept)
            tx.event("message.accepted", f"message/{name}")

        await self.there.store.run(keep)
        await asyncio.sleep(1.0)

    async def _submit(self, raw: bytes, source: str, key: str) -> Accepted | Refused:
        if self.busy:
            self.busy -= 1
            raise Overloaded("too much waits", retry_after_s=1.0)
        self.orders.append((source, key, msgspec.json.decode(raw)))
        return self.answer


def told(folder: Path, story: Callable[[Port], Awaitable[None]], until: datetime = UNTIL) -> None:
    async def work(there: Followed) -> None:
        port = Port(there, until)
        await port.starts()
        await story(port)
        await port.dies()

    followed(folder, work)


def test_an_open_order_becomes_one_of_this_node_by_the_name_that_it_had(tmp_path: Path) -> None:
    """To whom of them is known here; whoever is not is an alarm. The command itself is one, with who has decided it."""

    async def story(port: Port) -> None:
        await port.hears("m1", COMMAND)
        await port.hears("m2", carried_text(ORDER))
        ((source, key, order),) = port.orders
        assert ("post:TC", "takeover:m2:1") == (source, key)
        assert (["person:wang"], "【TC#0007】上堤", "P1", "HUMAN") == tuple(order[name] for name in ("to", "text", "priority", "needed"))
        assert ("01JX", "operator", SENT) == (order["identifier"], order["sender"], datetime.fromisoformat(order["sent"]))
        (alarm,) = await port.there.told("alarm.command_taken")
        assert f"post:TC gives command to this node, as 张 has decided: {COMMAND}" == alarm["message"]
        (taken,) = await port.there.told("command.order_taken")
        assert ("own-1", "01JX", 7, ["person:nobody"]) == tuple(taken[name] for name in ("taken", "origin", "number", "unknown"))
        (missing,) = await port.there.told("alarm.order_not_taken")
        assert "#0007 of post:TC was taken over, and nobody here knows person:nobody" == missing["message"]

    told(tmp_path, story)


def test_that_the_other_centre_knows_other_people_is_said_with_the_command(tmp_path: Path) -> None:
    """By the digest in it; of the same directory nothing is said."""

    async def story(port: Port) -> None:
        for name, digest in (("m1", directory().digest), ("m2", "0123456789ab")):
            await port.hears(name, handover_text(Handing("taicang", 9.4, 60_000.0, digest, (7, "ab" * 32)), []))
        ends = [one["message"].rpartition("; ")[2] for one in await port.there.told("alarm.command_taken")]
        assert ("审计7" in ends[0], ends[1]) == (True, "who is who there is not what this node has, so that people may be missing here")

    told(tmp_path, story)


def test_nothing_is_taken_over_from_anybody_else_or_in_an_exercise(tmp_path: Path) -> None:
    """The same words by another post, or of an exercise, are an order like any other; and so is anything else that the centre says."""

    async def story(port: Port) -> None:
        await port.hears("m1", carried_text(ORDER), source="post:OTHER")
        await port.hears("m2", carried_text(ORDER), traffic=Traffic.EXERCISE)
        await port.hears("m3", "立即到岗")
        assert [] == port.orders
        assert [] == await port.there.told("alarm.order_not_taken")

    told(tmp_path, story)


def test_an_authority_that_has_ended_takes_nothing_over_and_a_person_hears_of_it(tmp_path: Path) -> None:
    """Also of the command: somebody must decide."""

    async def story(port: Port) -> None:
        await port.hears("m1", COMMAND)
        await port.hears("m2", carried_text(ORDER))
        says = "post:TC gives command, and its authority ended at 1970-01-02T00:00:00+00:00"
        assert [says, says] == [one["message"] for one in await port.there.told("alarm.order_not_taken")]
        assert ([], []) == (port.orders, await port.there.told("alarm.command_taken"))

    told(tmp_path, story, datetime(1970, 1, 2, tzinfo=UTC))


def test_what_came_while_the_process_was_dead_is_taken_over_by_the_next_one_and_nothing_twice(tmp_path: Path) -> None:
    """What was taken over before is not looked at again."""

    async def story(port: Port) -> None:
        await port.hears("m1", carried_text(ORDER))
        await port.dies()
        await port.hears("m2", carried_text(msgspec.structs.replace(ORDER, identifier="01JY")))
        await port.starts()
        assert ["01JX", "01JY"] == [order["identifier"] for _, _, order in port.orders]

    told(tmp_path, story)


def test_what_cannot_be_taken_over_is_an_alarm_that_says_why(tmp_path: Path) -> None:
    """A line that is cut off, people whom nobody knows, an intake that refuses. One that takes nothing for now is asked again."""

    async def story(port: Port) -> None:
        await port.hears("m1", carried_text(ORDER)[:30])
        await port.hears("m2", carried_text(msgspec.structs.replace(ORDER, to=("person:nobody",))))
        port.busy = 3
        await port.hears("m3", carried_text(ORDER))
        await asyncio.sleep(5.0)
        assert 1 == len(port.orders)
        port.answer = Refused(1, "nobody", "nobody is addressed")
        await port.hears("m4", carried_text(ORDER))
        said = [one["message"] for one in await port.there.told("alarm.order_not_taken")]
        why = ["no open order", "nobody here is known of person:nobody", "nobody here knows person:nobody", "nobody is addressed"]
        assert [True] * 4 == [words in one for words, one in zip(why, said, strict=True)]

    told(tmp_path, story)
