"""`[channels.NAME.settings]` with type "vsat.mqtt": an MQTT 5 broker at the far end of a satellite path; recipients and topics."""

from __future__ import annotations

from typing import Annotated

import msgspec

from fenghuo.formats.mqtt_topics import Topics, is_name
from fenghuo_vsat.settings import PathSettings, Seconds

__all__ = ["MqttSettings"]


class MqttSettings(PathSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path that carries MQTT 5. Topics and envelopes are those of mqtt.topic, so that a device need not know by which way it is told.

    `node`: our place below `root`, one level, as the access rules of the broker name it. `client_id`: empty for fenghuo-NODE-vsat; two
    clients of one name throw each other out. `ca_file`: whose certificates the broker may show; `cert_file` and `key_file`: ours (mTLS);
    `plain`: without TLS; `username`, `password_file`: our account. `keepalive_s`: a dead path is noticed without traffic within two and a
    third of these.
    `session_expiry_s`: how long the broker keeps what comes for us while we are away. `reconnect_most_s`: longest wait between two
    connections. `window`: messages under way at once. `idempotent`: recipients drop what they have under the same id, so that what is
    doubtful, or was taken and not confirmed in time, may simply be repeated. `receipt_q95_s`: 95 % of receipts have come by then.

    `attachments_share`: the server of pictures that a `vsat.http` of this share brings to what comes with a message; a broker gets none.
    """

    host: str
    node: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 8883
    root: str = "fenghuo"
    client_id: str = ""
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    plain: bool = False
    keepalive_s: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 30
    session_expiry_s: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 86_400
    reconnect_most_s: Seconds = 60.0
    window: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8
    max_octets: Annotated[int, msgspec.Meta(ge=1024, le=268_435_455)] = 262_144
    idempotent: bool = True
    receipt_q95_s: Annotated[float, msgspec.Meta(gt=0)] = 120.0
    attachments_share: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.host:
            raise ValueError('host is empty; give the broker\'s address, for example host = "10.99.0.2"')
        for key in ("node", "root"):
            if not is_name(getattr(self, key)):
                raise ValueError(f'{key} {getattr(self, key)!r} is not one level of a topic such as "hq": no spaces, / + #, no $ in front')
        if self.plain == bool(self.ca_file):
            raise ValueError("ca_file names whose certificates the broker may show, plain = true goes without TLS: give one of the two")
        if self.plain and (self.cert_file or self.key_file):
            raise ValueError("plain = true goes without TLS, and cert_file or key_file is set; take away one of them")
        if bool(self.cert_file) != bool(self.key_file):
            raise ValueError("cert_file and key_file go together; one of them is empty")
        if self.password_file and not self.username:
            raise ValueError("password_file is set and username is empty; a password needs an account")

    @property
    def topics(self) -> Topics:
        return Topics(f"{self.root}/{self.node}")
