"""A DMR gateway on UDP, with every octet read and written by ok-dmrlib and read once more by dmr-kaitai.

Both are under the AGPL: this file runs in an environment and a process of its own (.venv-dmr), and nothing imports it. What it hears
and does is told on stdout, a JSON object a line; what it is to do comes on stdin in the same form:
{"result": n} answers messages with it, null not at all; {"lose": n} loses the next n acknowledgements of packets; {"mute": n} those of
messages; {"by": n} has radio n acknowledge whatever comes; {"deaf": [n]} keeps these radios from hearing anything;
{"text": .., "from": n, "request": n} has a radio say something; {"late": request, "from": n} acknowledges; {"close": true}.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from okdmr.dmrlib.hytera.pdu.hrnp import HRNP, HRNPOpcodes
from okdmr.dmrlib.hytera.pdu.radio_ip import RadioIP
from okdmr.dmrlib.hytera.pdu.text_message_protocol import TextMessageProtocol, TMPResultCodes, TMPService
from okdmr.kaitai.hytera.hytera_radio_network_protocol import HyteraRadioNetworkProtocol

ACKS = {
    TMPService.SendPrivateMessage: TMPService.SendPrivateMessageAck,
    TMPService.SendGroupMessage: TMPService.SendGroupMessageAck,
}
OUR_ADDRESS, THEIR_ADDRESS = 0x10, 0x21


class Gateway(asyncio.DatagramProtocol):
    """One dispatcher at a time; radios have what they have once, whatever is said again."""

    def __init__(self) -> None:
        self.orders: dict[str, Any] = {"result": 0, "lose": 0, "mute": 0, "by": 0, "deaf": []}
        self._packet = 0
        self._have: set[tuple[int, int]] = set()
        self._dispatcher: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        tell("UP", port=transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Any) -> None:
        frame = HRNP.from_bytes(data)
        if not frame.checksum_correct:
            tell("BAD", octets=data.hex())
            return
        tell("FRAME", operation=frame.opcode.name, packet=frame.packet_number, source=frame.source, destination=frame.destination)
        self._dispatcher = addr
        if frame.opcode is HRNPOpcodes.CONNECT:
            self._send(HRNP(opcode=HRNPOpcodes.ACCEPT, source=OUR_ADDRESS, destination=THEIR_ADDRESS))
        elif frame.opcode is HRNPOpcodes.DATA:
            self._data(frame, data)

    def obey(self, order: dict[str, Any]) -> None:
        self.orders.update(order)
        if "text" in order:
            self._say(
                TextMessageProtocol(
                    opcode=TMPService.SendPrivateMessage,
                    request_id=order["request"],
                    source_ip=RadioIP(order["from"]),
                    destination_ip=RadioIP(order["to"]),
                    text_data=order["text"],
                )
            )
        if "late" in order:
            self._acknowledge(TMPService.SendPrivateMessageAck, order["late"], RadioIP(order["from"]), RadioIP(order["to"]), result=0)
        if "close" in order:
            self._send(HRNP(opcode=HRNPOpcodes.CLOSE, source=OUR_ADDRESS, destination=THEIR_ADDRESS))

    def _data(self, frame: Any, octets: bytes) -> None:
        if self.orders["lose"]:
            self.orders["lose"] -= 1
        else:
            acknowledgement = HRNP(
                opcode=HRNPOpcodes.DATA_ACK, packet_number=frame.packet_number, source=OUR_ADDRESS, destination=THEIR_ADDRESS
            )
            self._send(acknowledgement)
        tmp, other = frame.data, HyteraRadioNetworkProtocol.from_bytes(octets).data.data
        seen = {
            "kind": tmp.opcode.name,
            "request": tmp.request_id,
            "to": tmp.destination_ip.radio_id,
            "subnet": tmp.destination_ip.subnet,
            "by": tmp.source_ip.radio_id if tmp.source_ip else 0,
            "text": tmp.text_data.decode("utf-16-le"),
            "result": tmp.result_code.value if tmp.result_code else 0,
        }
        agrees = (tmp.opcode.value, tmp.request_id, tmp.destination_ip.radio_id) == (
            other.service_type.value,
            other.request_id,
            other.destination_ip.radio_id,
        ) and seen["text"] == getattr(other, "tmdata", "")
        tell("TMP", agrees=agrees, octets=octets.hex(), **seen)
        if tmp.opcode in ACKS:
            self._on_air(tmp, seen)

    def _on_air(self, tmp: Any, seen: dict[str, Any]) -> None:
        if seen["to"] in self.orders["deaf"]:
            return
        if (seen["to"], seen["request"]) not in self._have and self.orders["result"] in (0, None):
            self._have.add((seen["to"], seen["request"]))
            tell("AIR", **seen)
        if self.orders["mute"]:
            self.orders["mute"] -= 1
        elif self.orders["result"] is not None:
            by = RadioIP(self.orders["by"]) if self.orders["by"] else tmp.destination_ip
            self._acknowledge(ACKS[tmp.opcode], tmp.request_id, by, tmp.source_ip, result=self.orders["result"])

    def _acknowledge(self, kind: Any, request: int, by: Any, to: Any, *, result: int) -> None:
        is_group = kind is TMPService.SendGroupMessageAck
        self._say(
            TextMessageProtocol(
                opcode=kind,
                request_id=request,
                source_ip=None if is_group else by,
                destination_ip=by if is_group else to,
                result_code=TMPResultCodes(result),
            )
        )

    def _say(self, tmp: Any) -> None:
        self._packet += 1
        self._send(HRNP(opcode=HRNPOpcodes.DATA, data=tmp, packet_number=self._packet, source=OUR_ADDRESS, destination=THEIR_ADDRESS))

    def _send(self, frame: Any) -> None:
        if self._dispatcher is not None:
            self._transport.sendto(frame.as_bytes(), self._dispatcher)


def tell(what: str, **about: object) -> None:
    print(json.dumps({"what": what, **about}), flush=True)


async def main() -> None:
    loop = asyncio.get_running_loop()
    transport, gateway = await loop.create_datagram_endpoint(Gateway, ("127.0.0.1", int(sys.argv[1])))
    orders = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
    while line := await orders.readline():
        gateway.obey(json.loads(line))
        tell("OBEYED")
    transport.close()


asyncio.run(main())
