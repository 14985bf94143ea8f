"""Packets with their signatures: seals what we send and judges what came, off the loop, since SM2 in software takes milliseconds."""

from __future__ import annotations

import asyncio

from fenghuo import ChannelContext, FormatError, Signer
from fenghuo_adapters.ebd_framing import Packet, pack, unpack
from fenghuo_adapters.ebd_sm2 import Sm2Key, digest_of
from fenghuo_broadcast import ebd
from fenghuo_broadcast.ebd import Envelope, Sent
from fenghuo_broadcast.keys import peer_key
from fenghuo_broadcast.platform_settings import PlatformSettings
from fenghuo_broadcast.signature import Certificate, covered, read_stamp, signature_file

__all__ = ["Sealing"]


class Sealing:
    """Both keys of one channel, or none of them on a test bench."""

    def __init__(self, settings: PlatformSettings) -> None:
        self._settings = settings
        self._ours: Signer | None = None
        self._theirs: Sm2Key | None = None

    async def open(self, ctx: ChannelContext) -> None:
        """Our key at its provider, and the platform's public one. Raises: AuthFailed: one of them is none; NotReady: a device is absent."""
        settings = self._settings
        if settings.unsigned:
            return
        self._ours = await ctx.signer(settings.key_provider, settings.key_file or settings.key)
        self._theirs = await asyncio.to_thread(peer_key, settings.peer_key_file, ctx.secret)

    async def seal(self, sent: Sent, at: float) -> bytes:
        """The packet of an envelope. `at`: UTC seconds."""
        ours = self._ours
        if ours is None:
            return pack(Packet(sent.id, sent.octets))
        owner, instant = Certificate(self._settings.certificate, self._settings.issuer), int(at)
        octets = covered(sent.octets, instant, owner.number, self._settings.signature_covers)
        signed = await ours.sign(digest_of(octets, ours.public_key))
        return pack(Packet(sent.id, sent.octets, signature_file(sent.id, owner, instant, lambda: signed)))

    async def open_packet(self, raw: bytes) -> Envelope:
        """The envelope in a packet. Raises: FrameError, FormatError: unreadable; code "signature": not by whom it must be."""
        packet = unpack(raw)
        if self._theirs is not None:
            await self._judge(packet, self._theirs)
        return ebd.read(packet.envelope)

    async def _judge(self, packet: Packet, theirs: Sm2Key) -> None:
        if not packet.signature:
            raise FormatError("the packet carries no signature", code="signature")
        stamp = read_stamp(packet.signature)
        octets = covered(packet.envelope, stamp.at, stamp.certificate, self._settings.signature_covers)
        if stamp.envelope != packet.id or not await asyncio.to_thread(theirs.verify, octets, stamp.signature):
            raise FormatError("the signature is not the platform's, or not over this envelope", code="signature")
