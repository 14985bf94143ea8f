"""Sound on the network: what is sent in real time, and what an ear has of it."""

from __future__ import annotations

import asyncio

import pytest

from fenghuo.errors import LinkBroken, LinkClosed
from fenghuo_adapters.rtp_framing import RtpPacket, RtpStream
from fenghuo_adapters.rtp_line import RtpEar, RtpSender, played
from tests.peers.rtp import GROUP, PORT

HERE = "127.0.0.1"


async def on() -> None:
    """Nothing passes."""


async def test_pieces_are_sent_one_after_the_other_in_real_time() -> None:
    """Three packets of the first, one of the second, 80 ms in all."""
    sent: list[bytes] = []
    loop = asyncio.get_running_loop()
    began = loop.time()
    pieces = [b"\x01" * 480, b"\x02" * 40]
    whole = await played(pieces, RtpStream(1, 0, 0), sent.append, on)
    assert whole == sent
    assert [1, 1, 1, 2] == [RtpPacket.decode(packet).payload[0] for packet in sent]
    assert 0.079 <= loop.time() - began


async def test_a_machine_that_stood_still_goes_on_from_now() -> None:
    """It owes no burst, and the timestamp says that there was a pause."""
    sent: list[tuple[float, RtpPacket]] = []
    loop = asyncio.get_running_loop()

    def send(octets: bytes) -> None:
        sent.append((loop.time(), RtpPacket.decode(octets)))

    async def stalls() -> None:
        if len(sent) == 3:
            await asyncio.sleep(0.25)

    await played([bytes(160 * 3), bytes(160 * 5)], RtpStream(1, 0, 0), send, stalls)
    assert [0, 1, 2, 3, 4, 5, 6, 7] == [packet.sequence for _, packet in sent]
    jump_s = (sent[3][1].timestamp - sent[2][1].timestamp) / 8000
    assert 0.25 <= jump_s
    assert sent[3][0] - sent[2][0] == pytest.approx(jump_s, abs=0.05)
    assert 0.079 <= sent[7][0] - sent[3][0]


async def test_an_ear_says_which_part_came_over() -> None:
    """Octet for octet; each stream is asked for once."""
    sender, ear = RtpSender(interface=HERE, hops=1), RtpEar(PORT, [GROUP], interface=HERE)
    await sender.open()
    await ear.open()
    stream = RtpStream(7, 0, 0)
    packets = [stream.packet(bytes((number,))) for number in range(4)]
    for packet in packets[:3]:
        sender.send(packet, (GROUP, PORT))
    sender.send(b"something else", (GROUP, PORT))
    await asyncio.sleep(0.05)
    assert 0.75 == ear.share(7, packets)
    assert 0.0 == ear.share(7, packets)
    sender.close()
    ear.close()


async def test_a_receiver_that_is_switched_off_is_no_broken_network() -> None:
    """Nobody listens there now, and perhaps in a second."""
    sender = RtpSender(interface=HERE)
    await sender.open()
    for _ in range(3):
        sender.send(b"packet", (HERE, 9))
        await asyncio.sleep(0.02)
    sender.close()
    with pytest.raises(LinkClosed):
        sender.send(b"packet", (HERE, 9))


@pytest.mark.parametrize("end", [RtpSender(interface="203.0.113.1"), RtpEar(0, [GROUP], interface="203.0.113.1")])
async def test_an_interface_that_is_not_ours_is_told(end: RtpSender | RtpEar) -> None:
    """With what the system says of it."""
    with pytest.raises(LinkBroken, match=r"can be sent from 203\.0\.113\.1|monitor can listen"):
        await end.open()
