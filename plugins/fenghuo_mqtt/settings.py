"""Settings of MQTT: `[channels.NAME.settings]` with type "mqtt.topic"; how its recipients and topics are written."""

from __future__ import annotations

from typing import Literal

import msgspec

from fenghuo.formats.mqtt_topics import LONGEST_NAME, Topics, is_name

__all__ = ["MqttSettings", "masked", "name"]

MOST_INBOUND = 4_194_304
WEEK_S = 604_800


class MqttSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One session at one MQTT 5 broker.

    `node`: our place below `root`, one level, as the access rules of the broker name it. `client_id`: empty for fenghuo-NODE; two
    clients of one name throw each other out. `ca_file`: whose certificates the broker may show; `cert_file` and `key_file`: ours (mTLS);
    `username`, `password_file`: our account; `plain`: without TLS. `bind_address`, `interface`: by which way it is dialled. `keepalive_s`:
    a dead broker is noticed within two of these; `answer_s`: longest wait for a PUBACK. `session_expiry_s`: how long the broker
    keeps what comes for us while we are away, a week at most. `window`: messages under way at once. `max_octets`: longest message
    of ours; `max_inbound_octets`: longest packet that the broker may give us. `idempotent`: recipients drop what they
    have under the same id, so that a doubtful message may simply be repeated. `reports`: whether what devices publish below `in` is taken
    as messages - "off"; "held", for a person to release; "trusted", as by the device: only where the broker knows each device and fences
    its topics. `receipt_q95_s`: 95 % of receipts have come by then.
    """

    host: str
    node: str
    port: int = 8883
    root: str = "fenghuo"
    client_id: str = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    plain: bool = False
    bind_address: str = ""
    interface: str = ""
    keepalive_s: int = 6
    session_expiry_s: int = 86_400
    connect_s: float = 10.0
    answer_s: float = 10.0
    reconnect_most_s: float = 30.0
    window: int = 8
    max_octets: int = 262_144
    max_inbound_octets: int = 1_048_576
    idempotent: bool = True
    reports: Literal["off", "held", "trusted"] = "held"
    receipt_q95_s: float = 60.0

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError('host is empty; give the broker\'s name or address, for example host = "10.8.0.5"')
        if not 1 <= self.port <= 65535:
            raise ValueError(f"port {self.port} is not a TCP port; it goes from 1 to 65535")
        for key in ("node", "root"):
            _check_level(key, getattr(self, key))
        self._check_security()
        self._check_numbers()

    @property
    def topics(self) -> Topics:
        return Topics(f"{self.root}/{self.node}")

    def _check_security(self) -> None:
        if self.plain and (self.ca_file or self.cert_file):
            raise ValueError("plain = true goes without TLS, and ca_file or cert_file is set; take away one of them")
        if not self.plain and not self.ca_file:
            raise ValueError(
                "ca_file is empty; name the file with the certificate that signed the broker's, or say plain = true where nobody else is "
                "on the wire"
            )
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file go together; one of them is empty")
        if self.password_file and not self.username:
            raise ValueError("password_file is set and username is empty; a password needs an account")

    def _check_numbers(self) -> None:
        if not 1 <= self.keepalive_s <= 65535:
            raise ValueError(f"keepalive_s {self.keepalive_s} is not one of 1 to 65535 seconds")
        if not 0 <= self.session_expiry_s <= WEEK_S:
            raise ValueError(f"session_expiry_s {self.session_expiry_s} is not one of 0 to {WEEK_S}, which is a week")
        if not 1 <= self.window <= 100:
            raise ValueError(f"window {self.window} is not one of 1 to 100 messages")
        if not 1024 <= self.max_octets <= 268_435_455:
            raise ValueError(f"max_octets {self.max_octets} is not one of 1024 to 268435455, the most that MQTT carries")
        if not 4096 <= self.max_inbound_octets <= MOST_INBOUND:
            raise ValueError(
                f"max_inbound_octets {self.max_inbound_octets} is not one of 4096 to {MOST_INBOUND}; the core takes nothing longer from "
                "anybody"
            )
        for key in ("connect_s", "answer_s", "reconnect_most_s", "receipt_q95_s"):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} {getattr(self, key)} must be greater than 0")


def name(text: str) -> str:
    """A recipient the one right way: the name of a device or post, one level of a topic. Raises: ValueError with a sentence."""
    if not is_name(text):
        raise ValueError(
            f"{text!r} is no recipient over MQTT; it is one level of a topic such as van1, at most {LONGEST_NAME} octets, without "
            "spaces, / + # and not beginning with $"
        )
    return text


def masked(address: str) -> str:
    """Names of devices are no secret: they stand in the access rules of the broker. Shown as they are."""
    return address


def _check_level(key: str, text: str) -> None:
    if not is_name(text):
        raise ValueError(f'{key} {text!r} is not one level of a topic, for example {key} = "hq": no spaces, / + #, not beginning with $')
