"""`[channels.NAME.settings]` of the satellite channels: the path that all of them share, and what HTTP needs beside it."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal
from urllib.parse import urljoin, urlsplit

import msgspec

__all__ = ["HttpSettings", "PathSettings"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_INTERFACE_MOST = 15
"""Octets in the name of an interface. Source: netdevice(7), IFNAMSIZ."""


class PathSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The path over one terminal.

    `interface`: the network interface that must carry it; `source`: our own address on it; one of the two at least, or the routing
    table might send it another way. `attempt_s`: our own limit for an emission, after which its connection is reset and made anew;
    `connect_s`: for a connection to stand. `rate_kbit`: how much we may send, headers included, 0 for no limit; `burst_octets`: so much
    at once. `probe_idle_s`: with nothing heard for so long the far end is asked whether it is there, 0 for never; `probe_shortest_s`,
    `probe_longest_s`: between these grow the waits between two questions while the channel is down. `watts_transmit`,
    `fen_per_megabyte`: what sending costs, for plans.

    `snmp_host`: the modem's agent (SNMPv2c), empty for none; `snmp_port`; `snmp_oid`: of the number that tells how good the link is,
    Es/N0 for example; `snmp_scale`: what one unit of it is worth (0.1 where 86 means 8.6 dB); `snmp_community_file`: the community;
    `snmp_poll_s`: seconds between two questions; `snmp_timeout_s`: for an answer. `degraded_below`: below this the link is degraded,
    in units after scaling; `good_from`: from here on it is good again, `degraded_below` if it is left out.
    """

    interface: str = ""
    source: str = ""
    attempt_s: Seconds = 12.0
    connect_s: Seconds = 4.0
    rate_kbit: NotNegative = 0.0
    burst_octets: Annotated[int, msgspec.Meta(ge=1500)] = 16_384
    probe_idle_s: NotNegative = 45.0
    probe_shortest_s: Seconds = 60.0
    probe_longest_s: Annotated[float, msgspec.Meta(gt=0, le=86_400)] = 1800.0
    watts_transmit: NotNegative = 0.0
    fen_per_megabyte: NotNegative = 0.0
    snmp_host: str = ""
    snmp_port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 161
    snmp_oid: str = ""
    snmp_scale: float = 1.0
    snmp_community_file: str = ""
    snmp_poll_s: Seconds = 10.0
    snmp_timeout_s: Seconds = 2.0
    degraded_below: float | None = None
    good_from: float | None = None

    def __post_init__(self) -> None:
        self._check_path()
        self._check_snmp()
        if self.probe_longest_s < self.probe_shortest_s:
            raise ValueError(f"probe_longest_s {self.probe_longest_s} must not be less than probe_shortest_s {self.probe_shortest_s}")

    def _check_path(self) -> None:
        if not self.interface and not self.source:
            raise ValueError('needs interface = "…" or source = "…": without one of them the routing table may send it another way')
        name = self.interface.encode()
        if len(name) > _INTERFACE_MOST or any(mark in name for mark in b"/ \t\n"):
            raise ValueError(f'interface {self.interface!r} is no interface; it must be a name such as "sat0", of at most 15 octets')
        if self.source:
            try:
                ipaddress.ip_address(self.source)
            except ValueError:
                raise ValueError(f'source {self.source!r} is no address; it must be an IP address of ours such as "10.99.0.1"') from None

    def _check_snmp(self) -> None:
        wanted = {"snmp_oid": self.snmp_oid, "snmp_community_file": self.snmp_community_file, "degraded_below": self.degraded_below}
        if self.snmp_host:
            for key, value in wanted.items():
                if value in {"", None}:
                    raise ValueError(f"{key} is missing; snmp_host = {self.snmp_host!r} needs it")
            self._check_oid()
        elif any(value not in {"", None} for value in wanted.values()):
            raise ValueError('snmp_host is missing; snmp_oid, snmp_community_file and degraded_below need it, for example "192.168.1.1"')
        if self.snmp_scale <= 0:
            raise ValueError(f"snmp_scale {self.snmp_scale} must be greater than 0")
        if self.good_from is not None and (self.degraded_below is None or self.good_from < self.degraded_below):
            raise ValueError(f"good_from {self.good_from} must not be less than degraded_below {self.degraded_below}")

    def _check_oid(self) -> None:
        numbers = self.snmp_oid.lstrip(".").split(".")
        if len(numbers) < 2 or not all(number.isascii() and number.isdigit() for number in numbers):
            raise ValueError(f'snmp_oid {self.snmp_oid!r} is no object identifier; it must be numbers such as "1.3.6.1.4.1.6247.1.2.0"')


class HttpSettings(PathSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A path that carries HTTP.

    `url`: where everything goes; empty: each recipient's own. `ca_file`: trust these anchors instead of the system's. `secret_file`: its
    content is sent in `secret_header`. `confirms`: what a 2xx proves. `idempotent`: whether the far end drops what comes once more under
    an Idempotency-Key, so that an emission in doubt may simply be repeated. `concurrency`: emissions under way at once.
    `keep_s`: a connection that was quiet for longer is not used again. What would take more than half of `attempt_s` at `rate_kbit` is
    too long.

    `attachments`: where pictures are put, by tus 1.0: an address, or a path on the host of the message's; empty: they are left out.
    `attachment_chunk_octets`: so much of one is under way at once. `attachments_share`: a name for the server of pictures that several
    paths lead to, each by an address of its own; what one cannot go on with another does. `attachments_mb_a_day`: so many megabytes of
    pictures in a day by this path, 0 for no limit.
    """

    url: str = ""
    ca_file: str = ""
    secret_file: str = ""
    secret_header: str = "Authorization"
    confirms: Literal["accepted", "device"] = "accepted"
    idempotent: bool = True
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8
    keep_s: Seconds = 30.0
    attachments: str = ""
    attachment_chunk_octets: Annotated[int, msgspec.Meta(ge=1024, le=1_048_576)] = 32_768
    attachments_share: str = ""
    attachments_mb_a_day: NotNegative = 0.0

    @property
    def most_octets(self) -> int:
        """What can be sent in half of `attempt_s` at `rate_kbit`; the other half is for the answer. 0 for no limit."""
        return int(self.rate_kbit * 125 * self.attempt_s / 2)

    @property
    def chunk_octets(self) -> int:
        """What of an attachment is sent at once: no more than what can be sent in half of `attempt_s`."""
        return min(self.attachment_chunk_octets, self.most_octets or self.attachment_chunk_octets)

    @property
    def uploads_to(self) -> str:
        """Where uploads are made, whoever the message is for; empty where that depends on whom."""
        return urljoin(self.url, self.attachments) if self.attachments and _is_address(urljoin(self.url, self.attachments)) else ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.attachments_share and not self.uploads_to:
            raise ValueError(
                f"attachments_share {self.attachments_share!r} needs one server for all: give attachments as an address, or a url beside it"
            )
        if self.attachments and not (_is_plain(self.attachments) and (self.attachments[0] == "/" or _is_address(self.attachments))):
            raise ValueError(f'attachments {self.attachments!r} is no http or https address and no path such as "/files/"')
        if self.url and not _is_address(self.url):
            raise ValueError(f"url {self.url!r} is not an http or https address such as https://host/path, without name and password")


def _is_plain(text: str) -> bool:
    return text.isascii() and not any(mark.isspace() for mark in text)


def _is_address(text: str) -> bool:
    parts = urlsplit(text)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
