"""Commands with a key: carried out once, however often they are sent, and answered each time as they were the first time.

A console that lost its line does not know what became of a press, and sends it again with the same key. The row of the key is written in
the transaction of the change itself (store/keyed.py), so that a node which was killed between the two knows that it was done; what a verb
changes elsewhere - in the loop of the engine - is claimed before it is begun, and is "unknown" after such an end, which a person settles.
Source: console.md §6, Commands; delivery.md, begin() before the licence.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import msgspec
import structlog

from fenghuo.clock import Clock
from fenghuo.errors import Denied, FenghuoError, FormatError, KeyConflict, NotFound, NotReady, Outdated, Overloaded, StoreFull
from fenghuo.model.command import Answer, Command, Failure
from fenghuo.model.delivery import Refused
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.ports import Actor
from fenghuo.service.authorisation import only_reads
from fenghuo.service.problems import Problem, problem, refusal
from fenghuo.store.keyed import Keyed, keyed, sweep
from fenghuo.store.records_commands import CommandRow, CommandState
from fenghuo.store.store import Store
from fenghuo.store.tables import COMMAND
from fenghuo.store.transaction import Tx

__all__ = ["KEPT_S", "Commands", "failure"]

KEPT_S = 86_400.0
KEY_LENGTH = 200
_CARRY_A_KEY = frozenset(
    {"alert.submit", "alert.submit_all", "message.submit", "message.send", "alert.cancel", "alert.correct", "rollcall.call"}
)
"""Verbs that hand the key on to intake, which keeps it with the message itself and gives the same answer again."""
_CHANGE_IN_THEIR_OWN_JOBS = frozenset(
    {"alert.sign", "alert.draft", "channel.enable", "channel.disable", "channel.prefer", "attachment.put", "directory.import"}
    | {"alarm.ack", "alarm.shelve", "alarm.unshelve", "alarm.out_of_service", "alarm.return_to_service"}
)
"""Verbs that change nothing but in jobs which they submit themselves: without a mark of the command they have done nothing."""
_SECRET = frozenset({"account.add", "account.password", "account.enrol", "account.factor", "session.open"})
"""Verbs that answer with a secret, which is not kept on the disk to be said a second time."""
_PROOF = frozenset({"password", "code", "key"})
"""What proves a person beside an act: password, code of the second factor or one-time code, what stands in the key file."""
_ROWS = {
    "alert": ("message", "id"),
    "message": ("message", "id"),
    "channel": ("channel", "name"),
    "sheet": ("sheet", "id"),
    "queue.resolve": ("delivery", "id"),
    "queue.shed": ("delivery", "id"),
    "queue.waive": ("objective", "id"),
    "queue.escalate": ("objective", "id"),
}
"""Which row a verb acts on, by its name or by the word before its dot: topic, and the argument that names it."""
_OWN_REV = "alarm."
"""Verbs about rows whose value has a `rev` of its own: that is what a console drew, and the verb compares it."""
_NOT_NOW = (Denied, Overloaded, NotReady, StoreFull)
"""Nothing was begun, and the same key is welcome later: after the log-in, the wait, with space on the disk."""

log = structlog.stdlib.get_logger("fenghuo.commands")
_encode = msgspec.json.Encoder().encode
_ordered = msgspec.json.Encoder(order="deterministic").encode

Do = Callable[[Actor, str, Mapping[str, Any]], Awaitable[Any]]


class _Running(NamedTuple):
    digest: str
    answer: asyncio.Task[Answer]


class Commands:
    """Stands before the desk's `do`. One command of one key runs at a time; it goes on when whoever asked has gone."""

    def __init__(self, do: Do, store: Store, clock: Clock) -> None:
        self._do = do
        self._store = store
        self._clock = clock
        self._running: dict[tuple[str, str], _Running] = {}

    async def carry_out(self, actor: Actor, command: Command, traffic: Traffic = Traffic.ACTUAL) -> Answer:
        """The answer, which is on the disk when it is ok; it never raises for what a person can cause. `traffic`: the class of the session
        that asks; a key of a drill is another key."""
        try:
            if not command.key:
                return await self._unkeyed(actor, command)
            _check(command)
            digest = _digest(command)
            under = (actor.name if traffic is Traffic.ACTUAL else f"{actor.name}/{traffic.value}", command.key)
            fresh = CommandRow(*under, digest, CommandState.BEGUN, "[]", self._clock.time() + KEPT_S)
            running = self._running.get(under)
            if running is None:
                running = _Running(digest, asyncio.create_task(self._once(actor, command, fresh)))
                self._running[under] = running
                running.answer.add_done_callback(lambda _: self._running.pop(under, None))
            if running.digest != digest:
                raise KeyConflict(command.key)
            return await asyncio.shield(running.answer)
        except FenghuoError as error:
            return Answer(ok=False, err=failure(error))

    async def _unkeyed(self, actor: Actor, command: Command) -> Answer:
        if not only_reads(command.do):
            says = f"{command.do} may change something and came without a key; make one for each press"
            raise FormatError(says, code="key-missing", where="key")
        return _answer(await self._do(actor, command.do, command.args))

    async def _once(self, actor: Actor, command: Command, fresh: CommandRow) -> Answer:
        """What the key was answered before, or what the verb answers now; either is on the disk."""
        try:
            row = await self._store.get(COMMAND, fresh.actor, fresh.key)
            if row is not None and row.until > self._clock.time():
                if row.digest != fresh.digest:
                    raise KeyConflict(command.key)
                known = _known(row, command.do)
                if known is not None:
                    return known
            work = Keyed(fresh, path=_path(command), if_rev=command.if_rev)
            return await self._carry_out(actor, command, work)
        except FenghuoError as error:
            return Answer(ok=False, err=failure(error))
        except Exception:
            log.exception("a command failed by a fault of ours", verb=command.do, actor=actor.name)
            return Answer(ok=False, err=Failure("internal", "the daemon failed at this command; its log has the trace"))

    async def _carry_out(self, actor: Actor, command: Command, work: Keyed) -> Answer:
        claimed = command.do not in _CARRY_A_KEY | _CHANGE_IN_THEIR_OWN_JOBS

        def begin(tx: Tx) -> None:
            work.check(tx)
            if claimed:
                tx.put(COMMAND, work.row)

        if claimed or work.if_rev is not None:
            await self._store.run(begin)
        try:
            answer = _answer(await self._done(actor, command, work))
        except _NOT_NOW:
            if claimed and not work.has_changed:
                await self._store.run(lambda tx: tx.delete(COMMAND, work.row.actor, work.row.key))
            raise
        except (FormatError, NotFound, Outdated, KeyConflict) as refused:
            answer = Answer(ok=False, err=failure(refused))
        await self._store.run(lambda tx: _keep(tx, work.row, answer, secret=command.do in _SECRET))
        return answer

    async def _done(self, actor: Actor, command: Command, work: Keyed) -> Any:
        """What the verb answers; every job that it submits is of this command."""
        token = keyed.set(work)
        try:
            return await self._do(actor, command.do, _with_key(command))
        finally:
            keyed.reset(token)
            work.is_over = True


def failure(error: Exception | Problem) -> Failure:
    """An error as an answer says it."""
    said = error if isinstance(error, Problem) else problem(error)
    fields = msgspec.to_builtins(said)
    args = {name: value for name, value in fields.items() if name not in {"code", "message"}}
    if isinstance(error, Outdated):
        args |= {"reason": "changed", "path": error.path, "who": error.by, "at": error.at, "what": error.what}
    elif isinstance(error, KeyConflict):
        args |= {"reason": "key", "key": error.key}
    return Failure(said.code, said.message, args)


def _answer(result: Any) -> Answer:
    if isinstance(result, Refused):
        return Answer(ok=False, err=failure(refusal(result)))
    return Answer(ok=True, data=msgspec.Raw(_encode(result)))


def _known(row: CommandRow, verb: str) -> Answer | None:
    """What a key of before is answered; None: the verb may be asked again, since it has done nothing, or knows the key itself."""
    if row.state is CommandState.ANSWERED:
        return msgspec.json.decode(row.answer, type=Answer)
    if verb in _CARRY_A_KEY:
        return None
    if row.state is CommandState.CHANGED:
        return Answer(ok=True, data=msgspec.Raw(b'{"changed":' + row.answer.encode() + b"}"))
    if verb in _CHANGE_IN_THEIR_OWN_JOBS:
        return None
    says = f"the node stopped while it carried out {verb}, and nobody knows what it did; look at what is there now"
    return Answer(ok=False, err=Failure("unknown", says, {"verb": verb}))


def _keep(tx: Tx, row: CommandRow, answer: Answer, *, secret: bool) -> None:
    kept = Answer(ok=True, data=msgspec.Raw(b'{"withheld":true}')) if secret and answer.ok else answer
    tx.put(COMMAND, msgspec.structs.replace(row, state=CommandState.ANSWERED, answer=_encode(kept).decode()))
    sweep(tx)


def _digest(command: Command) -> str:
    """Of what a command says, and never of a secret of a person: a fast hash on the disk would give a password away to guessing."""
    unsaid = _PROOF if "password" in command.args else ()
    args = {name: value for name, value in command.args.items() if name not in unsaid}
    return hashlib.sha256(_ordered([command.do, command.if_rev, args])).hexdigest()


def _with_key(command: Command) -> Mapping[str, Any]:
    """The arguments of the verb, and what it judges itself."""
    if command.do in _CARRY_A_KEY:
        return {"key": command.key, **command.args}
    if command.do.startswith(_OWN_REV) and command.if_rev is not None:
        return {"if_rev": command.if_rev, **command.args}
    return command.args


def _path(command: Command) -> str:
    """The row that a command acts on, "" where it says nothing about one. Raises: FormatError: it acts on none that has a rev."""
    if command.if_rev is None or command.do.startswith(_OWN_REV):
        return ""
    topic, argument = _ROWS.get(command.do) or _ROWS.get(command.do.partition(".")[0], ("", ""))
    name = command.args.get(argument)
    if not topic or name is None:
        raise FormatError(f"if_rev says nothing of {command.do}, which acts on no row", code="no-row", where="if_rev")
    return f"{topic}/{name}"


def _check(command: Command) -> None:
    """Raises: FormatError."""
    key = command.key
    if len(key) > KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise FormatError(f"a key has at most {KEY_LENGTH} printable ASCII characters", code="bad-key", where="key")
