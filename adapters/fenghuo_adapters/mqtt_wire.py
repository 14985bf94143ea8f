"""One connection to an MQTT 5 broker, from CONNECT to its end: paho's protocol code on our own loop, without a thread and without a tick.

It is thrown away when it breaks, and with it whatever paho would send again by itself: what must go again is the caller's to know.
Source: MQTT 5.0 (OASIS), §3.1 CONNECT, §3.8 SUBSCRIBE, §4.4 delivery once more, §4.6 order.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, LogLevel, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from fenghuo.errors import LinkBroken, LinkClosed, LinkTimeout
from fenghuo_adapters.mqtt_dial import Place, dial
from fenghuo_adapters.mqtt_packets import FAILED, Answer, Arrived, Login, Publication, Refused, TooLong

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike  # there for type checkers alone

__all__ = ["Wire", "connect"]

_T = TypeVar("_T")
_LATE_S = 0.01
"""A timer may be early by the grain of the clock, and paho would say that nothing is due yet."""
_HEAD_OCTETS = 512
"""More than topic, properties and header of a publication take beside its payload."""


class _Unacknowledged(msgspec.Struct):
    mid: int
    since: float
    is_done: bool = False


class _Paho(Client):
    """paho's client over a socket that is connected already."""

    dialled: socket.socket

    def _create_socket(self) -> socket.socket:
        return self.dialled


class Wire:
    """See the module; made by connect(). `lost`: why it ended, as soon as it has; `session_present`: the broker still had our session;
    `most_under_way`: publications that it takes before it has answered one; `most_octets`: of one packet."""

    def __init__(self, login: Login, arrived: Callable[[Arrived], None]) -> None:
        loop = asyncio.get_running_loop()
        self.lost: asyncio.Future[str] = loop.create_future()
        self.session_present = False
        self.most_under_way = 65_535
        self.most_octets = 268_435_455
        self._loop = loop
        self._login = login
        self._arrived = arrived
        self._connected: asyncio.Future[None] = loop.create_future()
        self._answers: dict[int, asyncio.Future[Answer]] = {}
        self._subscribed: dict[int, asyncio.Future[list[ReasonCode]]] = {}
        self._unacknowledged: deque[_Unacknowledged] = deque()
        self._trouble = ""
        self._tick: asyncio.TimerHandle | None = None
        self._read_at = self._written_at = loop.time()
        self._paho = self._made()

    def __repr__(self) -> str:
        return f"Wire({self._login!r}, lost={self.lost.done()})"

    @property
    def is_open(self) -> bool:
        return not self.lost.done()

    @property
    def endpoint(self) -> socket.socket | None:
        """What it goes over, for its figures alone; None once it has ended."""
        return self._paho.dialled if self.is_open and self._connected.done() else None

    @property
    def oldest_unacknowledged_s(self) -> float:
        """Seconds for which the oldest arrival has waited to be acknowledged."""
        return self._loop.time() - self._unacknowledged[0].since if self._unacknowledged else 0.0

    async def log_in(self, dialled: socket.socket) -> None:
        """CONNECT, and its answer. Raises: Refused, LinkBroken."""
        self._paho.dialled = dialled
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho left its constructor bare
        properties.SessionExpiryInterval = self._login.expiry_s
        properties.ReceiveMaximum = self._login.unacknowledged
        properties.MaximumPacketSize = self._login.most_octets
        self._paho.connect("broker", keepalive=self._login.keepalive_s, clean_start=False, properties=properties)
        await self._connected
        self._paho.on_log = None  # it would be formatted for every packet
        self._keep_alive()

    async def subscribe(self, topics: Sequence[str], *, within_s: float) -> None:
        """QoS 1, each told whether it was retained; what the broker kept before is sent for a new subscription only.

        Raises: Refused, LinkBroken, LinkTimeout.
        """
        options = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_SEND_IF_NEW_SUB)
        result, mid = self._paho.subscribe([(topic, options) for topic in topics])
        if result != MQTT_ERR_SUCCESS or mid is None:
            raise LinkBroken("the connection was lost before the subscription")
        answered: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._subscribed[mid] = answered
        codes = await self._answered(answered, within_s, "the subscription")
        for topic, code in zip(topics, codes, strict=False):
            if code.value >= FAILED:
                raise Refused(f"the subscription to {topic}", code.value, code.getName())

    async def publish(self, publication: Publication, *, within_s: float) -> Answer:
        """The broker's PUBACK. From the call on it is under way. Raises: TooLong: nothing was written; LinkBroken, LinkTimeout."""
        if len(publication.payload) + _HEAD_OCTETS > self.most_octets:
            raise TooLong(f"{len(publication.payload)} octets are more than the broker takes; it takes packets of {self.most_octets}")
        info = self._paho.publish(publication.topic, publication.payload, qos=1, retain=False, properties=publication.properties())
        if info.rc != MQTT_ERR_SUCCESS:
            raise LinkBroken(f"the connection was lost in the moment of publishing ({info.rc!r})")
        answered: asyncio.Future[Answer] = self._loop.create_future()
        self._answers[info.mid] = answered
        try:
            return await self._answered(answered, within_s, "PUBACK")
        finally:
            self._answers.pop(info.mid, None)

    def drop(self, reason: str) -> None:
        """End it without a word to the broker."""
        self._end(reason)

    def leave(self) -> None:
        """DISCONNECT and end: the session stays at the broker, and nothing of ours is written afterwards."""
        if self.is_open and self._connected.done():
            self._paho.disconnect()
            self._paho.loop_write()
        self._end("closed by us")

    # paho's side.

    def _made(self) -> _Paho:
        paho = _Paho(
            CallbackAPIVersion.VERSION2,
            client_id=self._login.client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        paho.max_inflight_messages_set(0)  # the caller's window is narrower, and what paho would queue is nowhere on a disk
        if self._login.username:
            paho.username_pw_set(self._login.username, self._login.password or None)
        paho.on_log = self._on_log
        paho.on_connect = self._on_connect
        paho.on_disconnect = self._on_disconnect
        paho.on_subscribe = self._on_subscribe
        paho.on_publish = self._on_publish
        paho.on_message = self._on_message
        paho.on_socket_open = self._on_socket_open
        paho.on_socket_close = self._on_socket_close
        paho.on_socket_register_write = self._on_something_to_write
        paho.on_socket_unregister_write = self._on_nothing_to_write
        return paho

    def _read(self) -> None:
        self._read_at = self._loop.time()
        try:
            self._paho.loop_read()
            while (opened := self._paho.socket()) is not None and isinstance(opened, ssl.SSLSocket) and opened.pending():
                self._paho.loop_read()  # what TLS has decrypted already wakes no selector
        except Exception as broken:  # noqa: BLE001  # whatever octets make paho stumble over end the connection, not the loop
            self._end(f"{type(broken).__name__}: {broken}")

    def _write(self) -> None:
        self._written_at = self._loop.time()
        try:
            self._paho.loop_write()
        except Exception as broken:  # noqa: BLE001  # as above
            self._end(f"{type(broken).__name__}: {broken}")

    def _keep_alive(self) -> None:
        """A ping when it is due, and the end when the one before had no answer; woken for nothing else."""
        if not self.is_open:
            return
        self._paho.loop_misc()
        now = self._loop.time()
        keepalive_s = self._paho.keepalive or self._login.keepalive_s  # the broker may have asked for another one
        due = min(self._read_at, self._written_at) + keepalive_s
        self._tick = self._loop.call_at((due if due > now else now + keepalive_s) + _LATE_S, self._keep_alive)

    def _on_log(self, _client: Client, _data: object, level: int, line: str) -> None:
        if level == LogLevel.MQTT_LOG_ERR:
            self._trouble = f" ({line})"

    def _on_connect(self, _client: Client, _data: object, flags: ConnectFlags, code: ReasonCode, properties: Properties | None) -> None:
        if self._connected.done():
            return
        if code.is_failure:
            self._connected.set_exception(Refused("the connection", code.value, code.getName()))
            return
        self.session_present = bool(flags.session_present)
        self.most_under_way = int(getattr(properties, "ReceiveMaximum", self.most_under_way))
        self.most_octets = int(getattr(properties, "MaximumPacketSize", self.most_octets))
        self._connected.set_result(None)

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, code: ReasonCode, _properties: Properties | None
    ) -> None:
        who = "the broker ended it" if flags.is_disconnect_packet_from_server else "the connection was lost"
        is_in = self._connected.done()
        reason = f"{who}: {code.getName()}" if is_in else f"the broker closed the connection before it let us in{self._trouble}"
        # Called with a lock of paho's that closing its socket takes as well.
        self._loop.call_soon(self._end, reason)

    def _on_socket_open(self, _client: Client, _data: object, opened: SocketLike) -> None:
        self._loop.add_reader(opened.fileno(), self._read)

    def _on_something_to_write(self, _client: Client, _data: object, opened: SocketLike) -> None:
        self._loop.add_writer(opened.fileno(), self._write)

    def _on_nothing_to_write(self, _client: Client, _data: object, opened: SocketLike) -> None:
        if opened.fileno() >= 0:  # paho asks for it once more when it is taken apart
            self._loop.remove_writer(opened.fileno())

    def _on_socket_close(self, _client: Client, _data: object, closing: SocketLike) -> None:
        if closing.fileno() >= 0:
            self._loop.remove_reader(closing.fileno())
            self._loop.remove_writer(closing.fileno())

    def _on_subscribe(self, _client: Client, _data: object, mid: int, codes: list[ReasonCode], _properties: Properties | None) -> None:
        answered = self._subscribed.pop(mid, None)
        if answered is not None and not answered.done():
            answered.set_result(codes)

    def _on_publish(self, _client: Client, _data: object, mid: int, code: ReasonCode, _properties: Properties) -> None:
        answered = self._answers.pop(mid, None)
        if answered is not None and not answered.done():
            answered.set_result(Answer(code.value, code.getName()))

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        waiting = _Unacknowledged(message.mid, self._loop.time())
        if message.qos:
            self._unacknowledged.append(waiting)
        try:
            topic = message.topic
        except UnicodeDecodeError:  # a broker lets none pass; were one to, it is nobody's topic
            topic = ""
        properties = message.properties
        self._arrived(
            Arrived(
                topic,
                bytes(message.payload),
                bool(message.retain),
                bool(message.dup),
                partial(self._acknowledge, waiting),
                content_type=getattr(properties, "ContentType", ""),
                correlation=bytes(getattr(properties, "CorrelationData", b"")),
                user=tuple(tuple(pair) for pair in getattr(properties, "UserProperty", ())),
            )
        )

    def _acknowledge(self, waiting: _Unacknowledged) -> None:
        """PUBACKs go in the order of arrival (MQTT 5.0 §4.6), so that one waits for those before it."""
        waiting.is_done = True
        while self.is_open and self._unacknowledged and self._unacknowledged[0].is_done:
            self._paho.ack(self._unacknowledged.popleft().mid, 1)

    async def _answered(self, answered: asyncio.Future[_T], within_s: float, what: str) -> _T:
        try:
            async with asyncio.timeout(within_s):
                return await answered
        except TimeoutError as late:
            raise LinkTimeout(f"no {what} from the broker within {within_s:g} s") from late

    def _end(self, reason: str) -> None:
        if self.lost.done():
            return
        self.lost.set_result(reason)
        if self._tick is not None:
            self._tick.cancel()
        closing = self._paho.socket()
        if closing is not None:
            self._on_socket_close(self._paho, None, closing)
            closing.close()
        broken = LinkClosed if reason == "closed by us" else LinkBroken
        everybody: tuple[asyncio.Future[Any], ...] = (self._connected, *self._answers.values(), *self._subscribed.values())
        for waiting in everybody:
            if not waiting.done():
                waiting.set_exception(broken(reason))
                waiting.exception()  # whoever still waits is told; who has gone misses nothing


async def connect(
    place: Place, login: Login, arrived: Callable[[Arrived], None], *, tls: ssl.SSLContext | None = None, within_s: float = 10.0
) -> Wire:
    """A connection on which the broker has let us in. Raises: Refused, LinkBroken, LinkTimeout."""
    dialled = await dial(place, tls, within_s=within_s)
    wire = Wire(login, arrived)
    try:
        async with asyncio.timeout(within_s):
            await wire.log_in(dialled)
    except LinkBroken as closed:
        hint = "it may want a certificate of ours, or trust another authority" if tls else "it may want TLS, or speak no MQTT 5"
        raise LinkBroken(f"{place}: {closed}; {hint}") from closed
    except TimeoutError as late:
        wire.drop("no CONNACK")
        raise LinkTimeout(f"{place} took the connection and sent no CONNACK within {within_s:g} s") from late
    except BaseException:
        wire.drop("it did not come about")
        dialled.close()
        raise
    return wire
