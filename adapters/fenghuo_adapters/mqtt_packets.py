"""What passes between a connection to an MQTT 5 broker and its owner: frozen values, named as the standard names them.

Source: MQTT 5.0 (OASIS), §3.1 CONNECT, §3.3 PUBLISH, §3.4 PUBACK.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from fenghuo.errors import LinkError

__all__ = ["FAILED", "Answer", "Arrived", "Login", "Publication", "Refused", "TooLong", "expiry_of"]

NOBODY = 0x10
"""PUBACK: the broker took it, and nobody has subscribed to the topic: it is thrown away. Source: MQTT 5.0 §3.4.2.1."""
FAILED = 0x80
"""Reason codes from here on say no. Source: MQTT 5.0 §2.4."""
_FOR_A_PERSON = frozenset({0x85, 0x86, 0x87, 0x8A, 0x8C})
"""Source: MQTT 5.0 §3.2.2.2."""
_MOST_UNACKNOWLEDGED = 256
_UNKEPT_OCTETS = 32 * 1024 * 1024
"""What may lie in memory and not yet on the disk, of all that a broker has for us: a small machine gives the daemon 512 MB."""
_LONGEST_EXPIRY_S = 0xFFFFFFFF
"""Source: MQTT 5.0 §3.3.2.3.3, a four-octet integer."""


class Login(msgspec.Struct, frozen=True):
    """Who we are to a broker, and how long it keeps what is ours. `expiry_s`: seconds it keeps session and queue after a connection ends;
    `keepalive_s`: longest silence; `most_octets`: longest packet that it may send us; of a longer one it drops our copy (MQTT 5.0
    §3.1.2.11.4), and no message that was published once can end us at each start."""

    client_id: str
    username: str = ""
    password: str = ""
    expiry_s: int = 86_400
    keepalive_s: int = 6
    most_octets: int = 1_048_576

    @property
    def unacknowledged(self) -> int:
        """How many arrivals the broker may send before we acknowledge one: what lies with us unkept is bounded in octets too."""
        return min(_MOST_UNACKNOWLEDGED, max(1, _UNKEPT_OCTETS // self.most_octets))

    def __repr__(self) -> str:
        return f"Login({self.client_id!r})"


class Refused(LinkError):
    """The broker answered the CONNECT or the SUBSCRIBE with a refusal. `code`: MQTT 5.0 §2.4."""

    def __init__(self, what: str, code: int, name: str) -> None:
        self.code = code
        self.name = name
        super().__init__(f"the broker refused {what}: {name} (0x{code:02X})")

    @property
    def is_for_a_person(self) -> bool:
        """Whether nothing but a person can mend it: client identifier, name or password, not authorised, banned, authentication method."""
        return self.code in _FOR_A_PERSON


class TooLong(LinkError):
    """The broker takes no packet of that size; nothing was written."""


def expiry_of(validity_s: float) -> int:
    """For how long a broker may keep what is valid for so long: at least a second, since 0 would be for ever."""
    return min(_LONGEST_EXPIRY_S, max(1, math.ceil(validity_s)))


class Publication(msgspec.Struct, frozen=True):
    """What is published, always with QoS 1, never retained. `expiry_s`: 0 for never."""

    topic: str
    payload: bytes
    expiry_s: int = 0
    content_type: str = ""
    correlation: bytes = b""
    response_topic: str = ""
    user: tuple[tuple[str, str], ...] = ()

    def properties(self) -> Properties:
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho left its constructor bare
        if self.expiry_s:
            properties.MessageExpiryInterval = self.expiry_s
        if self.content_type:
            properties.ContentType = self.content_type
        if self.correlation:
            properties.CorrelationData = self.correlation
        if self.response_topic:
            properties.ResponseTopic = self.response_topic
        if self.user:
            properties.UserProperty = list(self.user)
        return properties


class Answer(msgspec.Struct, frozen=True):
    """What a PUBACK said. `code`: MQTT 5.0 §3.4.2.1, `name`: the same in words."""

    code: int
    name: str

    @property
    def is_taken(self) -> bool:
        return self.code < FAILED

    @property
    def has_subscriber(self) -> bool:
        return self.code != NOBODY


class Arrived(msgspec.Struct, frozen=True):
    """A PUBLISH that came in. `retained`: it was published to be kept for whoever comes later; `acknowledge`: to be called once it is on
    the disk, in any order and however late."""

    topic: str
    payload: bytes
    retained: bool
    duplicate: bool
    acknowledge: Callable[[], None]
    content_type: str = ""
    correlation: bytes = b""
    user: tuple[tuple[str, str], ...] = ()
