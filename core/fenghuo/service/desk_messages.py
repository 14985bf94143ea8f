"""Verbs of the desk about messages: submit, send, show, list, cancel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Annotated, Any

import msgspec

from fenghuo.engine.channels import ChannelBoard
from fenghuo.engine.correcting import NO_REASON
from fenghuo.engine.intake import Intake, Submission
from fenghuo.errors import FormatError, NotAllowed, NotFound
from fenghuo.formats.message_json import AttachmentJson, MessageJson
from fenghuo.model.delivery import Accepted, Refused
from fenghuo.model.message import Message, MessageState
from fenghuo.model.self_probe import SELF_PROBE
from fenghuo.model.traffic import Action
from fenghuo.plugin.ports import Actor
from fenghuo.service.cancelling import barred_of
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.outlook import Outlook
from fenghuo.service.roads import RoadKeeper
from fenghuo.service.showing import answers_view, message_line, message_view
from fenghuo.service.upload_quota import UploadQuota
from fenghuo.service.why import why_view
from fenghuo.store.audit import Deed
from fenghuo.store.blobs import put_blob
from fenghuo.store.records import MessageRow
from fenghuo.store.store import Store
from fenghuo.store.tables import MESSAGE
from fenghuo.store.transaction import Tx

__all__ = ["MessageVerbs", "find_message"]

Shown = Annotated[int, msgspec.Meta(ge=1, le=1000)]
"""How many lines an answer may have; another figure is a slip of somebody who would take the answer for all there is."""


class Submit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`raw`: the bytes; `tokens`: of those who sign with it, each of whom was shown it (alert.review)."""

    raw: bytes
    media_type: str = ""
    key: str = ""
    tokens: tuple[str, ...] = ()


class Send(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order or report in words. `go_to`: the place of the map of roads where its units report; `by`: layers that they can use beside the
    road; `leave_out`: it goes only to those that can arrive; `despite`: why it goes to all although a unit cannot."""

    to: tuple[str, ...]
    text: str
    kind: str = "Dispatch"
    priority: str | None = None
    traffic: str = "Actual"
    via: tuple[str, ...] = ()
    needed: str | None = None
    expires_s: float | None = None
    deadline_s: float | None = None
    subject: str = ""
    attachments: tuple[AttachmentJson, ...] = ()
    key: str = ""
    dry_run: bool = False
    go_to: str = ""
    by: tuple[str, ...] = ()
    leave_out: bool = False
    despite: str = ""


class Attach(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The octets of one attachment."""

    raw: bytes


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One message by id, short number or the source's identifier."""

    id: str


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a message stands where it stands; `recipient`: only this one, else so many of each objective."""

    id: str
    recipient: str = ""
    limit: Shown = 100


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Newest first; `state`: only these."""

    state: str | None = None
    limit: Shown = 100


class Cancel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """End a message on everything it used. One person is enough (security.md §3). `reason`: what people read, but where more had to release
    it: then what was drafted with it, or the standard words; `key`: as of a message."""

    id: str
    reason: str = ""
    key: str = ""


class MessageVerbs:
    """Carries out what the desk has allowed."""

    def __init__(self, desk: Desk, intake: Intake, store: Store) -> None:
        self._desk = desk
        self._intake = intake
        self._store = store
        self.plan: Verb | None = None
        self.board: ChannelBoard | None = None
        self.outlook: Callable[[], Outlook] | None = None
        self.roads: RoadKeeper | None = None
        self.check_signers: Callable[[Actor, bytes, str, Collection[str]], None] = _nobody_was_shown
        self._one_cancel = asyncio.Lock()
        self._quota = UploadQuota(time.monotonic)

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "alert.submit": self.submit,
            "alert.submit_all": self.submit_all,
            "message.submit": self.submit,
            "message.send": self.send,
            "attachment.put": self.attach,
            "message.show": self.show,
            "message.ls": self.ls,
            "message.why": self.why,
            "alert.cancel": self.cancel,
        }

    async def submit(self, actor: Actor, args: Mapping[str, Any]) -> Accepted | Refused | dict[str, Any]:
        """The answer for the one message in the bytes, or `{"messages": […]}` for several of which at least one was accepted."""
        answers = await self.submit_all(actor, args)
        if len(answers) == 1:
            return answers[0]
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        return _none_of(refused) if len(refused) == len(answers) else answers_view(answers)

    async def submit_all(self, actor: Actor, args: Mapping[str, Any]) -> tuple[Accepted | Refused, ...]:
        wanted = msgspec.convert(args, Submit)
        return await self._accept(actor, wanted)

    async def send(self, actor: Actor, args: Mapping[str, Any]) -> Any:  # Accepted, Refused, or a plan when dry
        """As submit; an order with `go_to` is refused where a unit cannot arrive. Raises: FormatError: so; NotFound: no map of roads."""
        wanted = msgspec.convert(args, Send)
        if wanted.go_to and self.roads is not None:
            orders = self.roads.here.orders
            ordered = orders.plan(wanted.to, wanted.go_to, wanted.by, leave_out=wanted.leave_out, anyway=bool(wanted.despite))
            if ordered.insisted and not wanted.dry_run:
                await orders.insist(ordered, wanted.despite)
            sent = await self._send(actor, msgspec.structs.replace(wanted, to=ordered.to, text=ordered.text(wanted.text)))
            return await orders.accepted(ordered, sent) if isinstance(sent, Accepted) else sent
        return await self._send(actor, wanted)

    async def _send(self, actor: Actor, wanted: Send) -> Any:
        left_out = {"key", "dry_run", "go_to", "by", "leave_out", "despite"}
        fields = {name: getattr(wanted, name) for name in Send.__struct_fields__ if name not in left_out}
        raw = msgspec.json.encode({name: value for name, value in fields.items() if value is not None})
        if wanted.dry_run and self.plan is not None:
            return await self.plan(actor, {"raw": raw, "media_type": "application/json"})
        return (await self._accept(actor, Submit(raw, "application/json", wanted.key)))[0]

    async def attach(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Keep the octets of an attachment, so that a message may name them; those that are here already are kept once."""
        raw = msgspec.convert(args, Attach).raw
        if "operator" not in actor.rights:
            self._quota.take(actor.name, len(raw))

        def keep(tx: Tx) -> str:
            digest = put_blob(tx, raw)
            tx.audit(Deed.of("attach", f"blob/{digest}", content=digest, octets=len(raw)))
            return digest

        return {"digest": await self._store.run(keep, accept=True), "size": len(raw)}

    async def show(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        return await message_view(self._store, await find_message(self._store, msgspec.convert(args, Named).id))

    async def why(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """The stored plan of each target, and why its deliveries stand where they stand."""
        wanted = msgspec.convert(args, Asked)
        row = await find_message(self._store, wanted.id)
        outlook = self.outlook() if self.outlook is not None else None
        return await why_view(self._store, row, recipient=wanted.recipient, limit=wanted.limit, outlook=outlook)

    async def ls(self, actor: Actor, args: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = msgspec.convert(args, Listing)
        if wanted.state not in (None, *MessageState):
            says = f"no message has the state {wanted.state!r}; they are {', '.join(MessageState)}"
            raise FormatError(says, code="bad-argument", where="state")
        where, params = ("state = ? AND ", (wanted.state,)) if wanted.state else ("", ())
        order, params = f"{where}source != ? ORDER BY accepted_at DESC", (*params, SELF_PROBE)
        return [message_line(row) for row in await self._store.find(MESSAGE, order, *params, limit=wanted.limit)]

    async def cancel(self, actor: Actor, args: Mapping[str, Any]) -> Accepted | Refused:
        """End a message; one that is cancelled already is told to nobody twice, however often somebody presses the key. The answer names
        what its message went by and cannot carry the Cancel now."""
        wanted = msgspec.convert(args, Cancel)
        async with self._one_cancel:
            answer = await self._cancel(actor, wanted)
        return await barred_of(self._store, self.board, answer) if isinstance(answer, Accepted) and self.board is not None else answer

    async def _cancel(self, actor: Actor, wanted: Cancel) -> Accepted | Refused:
        row = await find_message(self._store, wanted.id)
        message = msgspec.msgpack.decode(row.body, type=Message)
        if message.action is Action.CANCEL and row.state == MessageState.ACTIVE:
            return Accepted(row.id, row.revision, "duplicate", (), ())
        self._desk.check_traffic(actor, message.traffic)
        order = MessageJson(
            to=("everyone who got it",),
            text=wanted.reason or NO_REASON,
            action="Cancel",
            reference=row.id,
            traffic=message.traffic.value,
            sender=message.content.sender,
        )
        raw = msgspec.json.encode(order)
        (answer,) = await self._accept(actor, Submit(raw, "application/json", wanted.key), signed_by=(self._desk.person_of(actor),))
        return answer

    async def bring(self, actor: Actor, raw: bytes, media_type: str, *, key: str = "", helpers: tuple[str, ...] = ()) -> Accepted | Refused:
        """Hand the one message of a document to the intake, in this actor's name. `helpers`: who else wrote a part of it."""
        return (await self._accept(actor, Submit(raw, media_type, key), helpers=helpers))[0]

    async def _accept(
        self, actor: Actor, wanted: Submit, *, signed_by: tuple[str, ...] = (), helpers: tuple[str, ...] = ()
    ) -> tuple[Accepted | Refused, ...]:
        self._desk.refuse_tokens(actor, wanted.tokens)
        signers = tuple(dict.fromkeys((*signed_by, *(self._desk.signer(token) for token in wanted.tokens))))
        if wanted.tokens:
            self.check_signers(actor, wanted.raw, wanted.media_type, wanted.tokens)
        author = self._desk.person_of(actor)
        if author in signers and author not in signed_by:
            raise NotAllowed(f"{author} submits this and may not sign it as well")
        submission = Submission(wanted.raw, self._desk.origin(actor), wanted.media_type, wanted.key, signers, author, helpers)
        return await self._intake.accept(submission)


def _nobody_was_shown(actor: Actor, raw: bytes, media_type: str, tokens: Collection[str]) -> None:
    """Until whoever shows what is to be signed is wired in."""
    raise NotAllowed("nobody is shown here what comes with signatures; bring it without them")


async def find_message(store: Store, name: str) -> MessageRow:
    """The newest revision under an id, a short number or a source's identifier. Raises: NotFound."""
    searches = [("id = ?", name), ("identifier = ?", name)]
    number = name.removeprefix("#")
    if number.isascii() and number.isdigit():
        searches.append(("number = ?", number))
    for where, value in searches:
        param: str | int = int(value) if where.startswith("number") else value
        found = await store.find(MESSAGE, f"{where} ORDER BY accepted_at DESC, revision DESC", param, limit=1)
        if found:
            return found[0]
    if not name:
        raise FormatError("the id is empty; give the id, the short number or the source's identifier", code="bad-argument", where="id")
    raise NotFound(f"no message is known as {name}")


def _none_of(refused: Sequence[Refused]) -> Refused:
    """One refusal for a document in which every message was refused, each with its reason."""
    reasons = "; ".join(f"no. {place}: {one.message}" for place, one in enumerate(refused, 1))
    return msgspec.structs.replace(refused[0], message=f"none of the {len(refused)} messages in it was accepted: {reasons}")
