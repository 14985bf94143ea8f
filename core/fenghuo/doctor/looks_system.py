"""Looks at the system around the daemon: its unit, its ports, its clock."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from fenghuo.doctor.finding import Finding
from fenghuo.doctor.patient import Patient

__all__ = ["LOOKS"]

UNIT = "fenghuo.service"
UNIT_D = f"/etc/systemd/system/{UNIT}.d"
NOT_BEFORE = time.mktime((2026, 1, 1, 0, 0, 0, 0, 1, 0))
"""This program is not older; a clock that says so has lost its battery."""
NOBODY = frozenset({"any", "0.0.0.0/0"})


def unit(patient: Patient) -> Iterator[Finding]:
    """Where systemd runs, the daemon is a unit of it: else nobody starts it after a power cut."""
    machine = patient.machine
    if machine.has_systemd and not machine.unit(UNIT):
        says = "systemd runs here and has no fenghuo.service: nobody starts the daemon after a power cut"
        yield Finding(
            "unit-missing", says, "install -m 0644 systemd/fenghuo.service /etc/systemd/system/ && systemctl enable --now fenghuo"
        )
    elif machine.has_systemd and not list(machine.at("etc/systemd/system").glob(f"*.wants/{UNIT}")):
        yield Finding("unit-disabled", "fenghuo.service is not enabled: nobody starts it after a power cut", "systemctl enable fenghuo")


def fence(patient: Patient) -> Iterator[Finding]:
    """The unit lets the daemon speak to the addresses that its channels name. Names are not resolved here."""
    machine = patient.machine
    if not machine.unit(UNIT) or not NOBODY.intersection(" ".join(machine.unit_values(UNIT, "IPAddressDeny")).split()):
        return
    allowed = _networks(" ".join(machine.unit_values(UNIT, "IPAddressAllow")).split())
    for address, key in _addresses(patient):
        if not any(address in network for network in allowed if network.version == address.version):
            line = f"[Service]\\nIPAddressAllow={address}\\n"
            mend = (
                f"install -d {UNIT_D} && printf '{line}' >> {UNIT_D}/network.conf && systemctl daemon-reload && systemctl restart fenghuo"
            )
            yield Finding("address-fenced", f"{key} speaks to {address}, which fenghuo.service forbids (IPAddressDeny)", mend)


def ports(patient: Patient) -> Iterator[Finding]:
    """Nobody else has the web port."""
    web = patient.settings.web
    if (
        web is not None
        and web.port
        and patient.answered.status is None
        and not patient.answered.refused
        and patient.machine.listens(web.port)
    ):
        says = f"web.listen has port {web.port}, where another program listens"
        yield Finding("port-taken", says, f"ss -ltnp 'sport = :{web.port}'")


def clock(patient: Patient) -> Iterator[Finding]:
    """Expiry, quiet hours and signatures go by the wall clock."""
    machine = patient.machine
    if machine.now() < NOT_BEFORE:
        says = f"the clock says {time.strftime('%Y-%m-%d %H:%M', time.gmtime(machine.now()))} UTC, which is before this program was made"
        yield Finding("clock-wrong", says, "timedatectl set-ntp false && timedatectl set-time 'YYYY-MM-DD HH:MM:SS'")
    elif machine.ask("timedatectl", "show", "--property=NTPSynchronized", "--value") == "no":
        yield Finding("clock-alone", "nothing sets the clock of this machine", "timedatectl set-ntp true   # or: apt-get install chrony")


LOOKS = (unit, fence, ports, clock)


def _networks(words: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Source: systemd.resource-control(5), IPAddressAllow."""
    known = {"localhost": ("127.0.0.0/8", "::1/128"), "any": ("0.0.0.0/0", "::/0"), "link-local": ("169.254.0.0/16", "fe80::/64")}
    texts = [text for word in words for text in known.get(word, (word,))]
    return [ipaddress.ip_network(text, strict=False) for text in texts if text != "multicast"]


def _addresses(patient: Patient) -> Iterator[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, str]]:
    for one in patient.instances():
        for key, text in one.texts():
            if key not in ("host", "url"):
                continue
            host = urlsplit(text).hostname if "://" in text else text
            try:
                yield ipaddress.ip_address(host or ""), f"{one.at}.{key}"
            except ValueError:
                continue
