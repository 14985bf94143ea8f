"""The verb of the desk that shows a message in every form before or after it is sent, with what each channel estimates that it costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.costs import priced
from fenghuo.engine.office import Office
from fenghuo.errors import FormatError
from fenghuo.formats.forms import FORMS, Form, seconds_of
from fenghuo.model.attachment import counted
from fenghuo.model.message import Message
from fenghuo.model.rendition import Budget, Rendition
from fenghuo.plugin.ports import Actor, Renderer
from fenghuo.service.desk import Desk, Verb
from fenghuo.service.desk_messages import find_message
from fenghuo.service.showing import headline
from fenghuo.service.unsent import unsent
from fenghuo.store.store import Store

__all__ = ["STAND_IN", "PreviewVerbs"]

STAND_IN = 9999
"""Stands for the short number of a message that has none yet, so that a preview is as long as what will be sent."""

log = structlog.stdlib.get_logger("fenghuo.preview")


class Preview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A message that is here, by `id`, short number or the source's identifier; or the octets of one that is not to be sent."""

    id: str = ""
    raw: bytes = b""
    media_type: str = ""


class PreviewVerbs:
    """Carries out what the desk has allowed. `renderers`: those of the plugins, by form."""

    def __init__(self, desk: Desk, office: Office, store: Store, *, board: ChannelBoard, renderers: Mapping[str, Renderer]) -> None:
        self._desk = desk
        self._office = office
        self._store = store
        self._board = board
        self._renderers = renderers

    def verbs(self) -> Mapping[str, Verb]:
        return {"message.preview": self.preview}

    async def preview(self, actor: Actor, args: Mapping[str, Any]) -> dict[str, Any]:
        """Each form with its text, its size, what was left out, and the estimate of each channel that takes it. Nothing is sent."""
        wanted = msgspec.convert(args, Preview)
        if bool(wanted.id) == bool(wanted.raw):
            raise FormatError("a preview takes either the id of a message or the octets of one", code="bad-argument", where="id")
        message = await self._message(actor, wanted)
        return {
            "id": message.id if wanted.id else None,
            "number": message.number if wanted.id else None,
            "kind": message.kind.value,
            "traffic": message.traffic.value,
            "priority": message.priority.name,
            "headline": headline(message),
            "forms": [self._shown(name, form, message) for name, form in self._forms().items()],
        }

    async def _message(self, actor: Actor, wanted: Preview) -> Message:
        if wanted.id:
            return msgspec.msgpack.decode((await find_message(self._store, wanted.id)).body, type=Message)
        return unsent(self._desk, self._office, actor, wanted.raw, media_type=wanted.media_type, number=STAND_IN)

    def _forms(self) -> dict[str, Form]:
        """Those that everybody knows, and those that a channel here asks for beside them."""
        forms = dict(FORMS)
        for instance in self._board:
            name, _, octets = instance.form.partition("/")
            renderer = self._renderers.get(name)
            if instance.form not in forms and renderer is not None:
                forms[instance.form] = Form(renderer.render, Budget(octets=int(octets or 0)), "as the channels below take it")
        return forms

    def _shown(self, name: str, form: Form, message: Message) -> dict[str, Any]:
        shown: dict[str, Any] = {"form": name, "says": form.says, "text": "", "octets": 0, "seconds": 0.0, "left_out": [], "why_not": ""}
        try:
            made = form.render(message, form.budget)
        except FormatError as error:
            return {**shown, "why_not": str(error), "channels": []}
        beside = counted(message)
        taking = [instance for instance in self._board if instance.form == name]
        channels = [{**self._costs(instance, made, message), "left_out": _left_out(instance, beside)} for instance in taking]
        size = {"octets": len(made.data), "seconds": _seconds(made, channels)}
        return {**shown, **size, "text": made.text, "left_out": [*made.left_out, *_of_all(taking, beside)], "channels": channels}

    def _costs(self, instance: Instance, made: Rendition, message: Message) -> dict[str, Any]:
        """What a channel estimates for one recipient, the first in the directory that it has an address of. Where it says nothing of
        money or energy it is what will be booked: what its type declares, and what its transmitter draws in that time."""
        costs: dict[str, Any] = {"channel": instance.name, "parts": None, "airtime_s": None, "fee_fen": None, "joules": None, "why_not": ""}
        if message.traffic not in instance.traffic:
            return {**costs, "why_not": f"the channel may not carry {message.traffic} traffic"}
        channel = instance.channel()
        if channel is None:
            return {**costs, "why_not": "the channel is not started, and only a started one can estimate"}
        address = next((one.address for one in self._office.directory.contacts if one.kind in instance.address_kinds), "")
        try:
            estimate = priced(channel.estimate(made, address), instance.capabilities)
        except Exception as fault:  # noqa: BLE001  # a plugin's own mistake must not keep people from reading the text
            log.warning("a channel could not estimate", channel=instance.name, cause=repr(fault))
            return {**costs, "why_not": f"it could not estimate: {type(fault).__name__}"}
        figures = {name: getattr(estimate, name) for name in ("airtime_s", "fee_fen", "joules")}
        return {**costs, **figures, "parts": estimate.fragments}


def _seconds(made: Rendition, channels: list[dict[str, Any]]) -> float:
    """How long it is spoken: as long as the slowest voice here says, or as a calm one takes where none says anything."""
    usual = seconds_of(made)
    return max((one["airtime_s"] for one in channels if one["airtime_s"]), default=usual) if usual else 0.0


def _left_out(instance: Instance, beside: tuple[str, ...]) -> list[str]:
    """What goes with the message and not by this channel."""
    return [] if instance.capabilities.attachments else list(beside)


def _of_all(taking: list[Instance], beside: tuple[str, ...]) -> tuple[str, ...]:
    """What no channel of a form carries; where one does, each of the others says so for itself."""
    return () if any(instance.capabilities.attachments for instance in taking) else beside
