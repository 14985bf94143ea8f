"""Settings of text messages over DMR: `[channels.NAME.settings]` with type "radio.hrnp"; how its radios and groups are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from fenghuo_adapters.hrnp_framing import MAX_NUMBER
from fenghuo_narrowband.sites import SiteTable

__all__ = ["HrnpSettings", "Station", "masked_station", "read_station", "station"]

_STATION = re.compile(r"(g?)([1-9][0-9]{0,7})")


class Station(msgspec.Struct, frozen=True):
    """Whom a text is for: a radio, or everybody in a group."""

    number: int
    is_group: bool = False

    def __str__(self) -> str:
        return f"g{self.number}" if self.is_group else str(self.number)


class HrnpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One radio or gateway that speaks HRNP, and the text messages that go over it.

    `driver`: "udp", or "tcp" for a byte stream as a serial server gives it; `local_port`: UDP port of ours that the gateway answers to, 0
    for whichever. `radio_id`: our own number. `characters`: longest text of one message; a longer one goes in numbered parts. `answer_s`:
    wait for the radio's acknowledgement, after which the same message is said again, `tries` times in all; `ack_s`, `packet_tries`: the
    same for the gateway's. `octets_per_s` and `keying_s`: what a message takes on the air. `sites`: base stations by name, each with the
    number that reports its state, or a table (docs/reference/radio-hrnp.md); `site_stale_s`: for so long a report holds.
    """

    host: str
    radio_id: int
    port: int = 3004
    driver: Literal["udp", "tcp"] = "udp"
    local_port: int = 0
    subnet: int = 10
    characters: int = 140
    answer_s: float = 8.0
    tries: int = 2
    ack_s: float = 1.0
    packet_tries: int = 3
    connect_s: float = 3.0
    heartbeat_s: float = 15.0
    reopen_max_s: float = 30.0
    receipt_q95_s: float = 120.0
    octets_per_s: float = 150.0
    keying_s: float = 0.8
    sites: Mapping[str, int | SiteTable] = {}
    site_stale_s: float = 300.0

    def __post_init__(self) -> None:
        if not self.host:
            raise ValueError('host is empty; give the gateway\'s address, for example host = "10.8.0.9"')
        if not 1 <= self.port <= 65535 or not 0 <= self.local_port <= 65535:
            raise ValueError(f"port {self.port} or local_port {self.local_port} is not a port; they go up to 65535")
        if self.driver == "tcp" and self.local_port:
            raise ValueError('local_port is for driver = "udp"; take it away')
        reporters = ((f"sites.{name}", table.reporter) for name, table in self.site_tables().items() if table.state is None)
        for key, number in (("radio_id", self.radio_id), *reporters):
            if not 1 <= number <= MAX_NUMBER:
                raise ValueError(f"{key} {number} is not the number of a radio; it goes from 1 to {MAX_NUMBER}")
        self._check_sites()
        self._check_numbers()

    def site_tables(self) -> dict[str, SiteTable]:
        """Every site as a table, its stations written the one right way."""
        tables = {name: site if isinstance(site, SiteTable) else SiteTable(reporter=site) for name, site in self.sites.items()}
        return {name: msgspec.structs.replace(table, stations=tuple(map(station, table.stations))) for name, table in tables.items()}

    def _check_sites(self) -> None:
        at: dict[str, str] = {}
        for name, table in self.site_tables().items():
            for each in table.stations:
                if each in at:
                    raise ValueError(f"sites: {each} stands at {at[each]} and at {name}; a station that several carry stands at none")
                at[each] = name

    def _check_numbers(self) -> None:
        if not 1 <= self.subnet <= 255:
            raise ValueError(f"subnet {self.subnet} is not one of 1 to 255, the first octet of the radios' addresses, mostly 10")
        if not 40 <= self.characters <= 1000:
            raise ValueError(f"characters {self.characters} is not one of 40 to 1000")
        for key in ("tries", "packet_tries"):
            if not 1 <= getattr(self, key) <= 10:
                raise ValueError(f"{key} {getattr(self, key)} is not one of 1 to 10")
        for key in (
            "answer_s",
            "ack_s",
            "connect_s",
            "heartbeat_s",
            "reopen_max_s",
            "receipt_q95_s",
            "octets_per_s",
            "keying_s",
            "site_stale_s",
        ):
            if getattr(self, key) <= 0:
                raise ValueError(f"{key} {getattr(self, key)} must be greater than 0")


def station(text: str) -> str:
    """A radio (`1002`) or a group (`g9001`) the one right way. Raises: ValueError with a sentence."""
    return str(read_station(text))


def read_station(text: str) -> Station:
    """Raises: ValueError with a sentence."""
    found = _STATION.fullmatch(text.strip().lower())
    if not found or int(found[2]) > MAX_NUMBER:
        raise ValueError(f"{text!r} is no DMR station: a radio is its number such as 1002, a group is g9001, up to {MAX_NUMBER}")
    return Station(int(found[2]), bool(found[1]))


def masked_station(address: str) -> str:
    """Numbers of service radios are no secret: everybody on the channel sees them. Shown as they are."""
    return address
