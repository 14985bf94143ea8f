"""Every certificate that this node shows or checks others by: how long each is good for, and the alarm before one of them ends.

The web port's own is told of by the port (web_tls.py); here it is only counted with the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from fenghuo.clock import Clock
from fenghuo.errors import ConfigError, FormatError
from fenghuo.service.certificates import Described, described_all
from fenghuo.service.secrets import read_secret
from fenghuo.service.settings_values import Settings
from fenghuo.service.showing import rfc3339
from fenghuo.service.web_tls import WARN_DAYS
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM

__all__ = ["CertificateWatch", "named_certificates"]

LOOKS_EVERY_S = 3_600.0
KEYS = ("certificate", "client_ca", "ca_file", "cert_file")
"""How settings name a file of certificates, the plugins' too."""
WEB = "web.certificate"
_ALARM, _RENEWED = "alarm.certificate_used", "certificate.renewed"


def named_certificates(settings: Settings) -> dict[str, str]:
    """Every file of certificates that the settings name, by its key: a path, or the name of a credential."""
    tls = settings.web.tls if settings.web is not None else None
    found = {"web.certificate": tls.certificate, "web.client_ca": tls.client_ca} if tls is not None else {}
    hook = settings.alarm_hook
    if hook is not None:
        found["alarms.webhook.ca_file"] = hook.ca_file
    plain = {key: str(path) for key, path in found.items() if path is not None}
    own = [(f"channels.{one.name}", one.settings) for one in settings.channels]
    for family, instances in (("fronts", settings.fronts), ("sources", settings.sources), ("sensors", settings.sensors)):
        own += [(f"{family}.{one.name}", one.settings) for one in instances]
    return {**plain, **{key: path for at, table in own for key, path in _of(at, table)}}


def _of(at: str, settings: msgspec.Struct) -> Iterator[tuple[str, str]]:
    for key in KEYS:
        if isinstance(path := getattr(settings, key, None), str) and path:
            yield f"{at}.{key}", path


class Seen(msgspec.Struct, frozen=True):
    """What was found in a file: the certificate of it that ends first, and how many it holds; `fault`: why there is none."""

    first: Described | None = None
    count: int = 0
    fault: str = ""


class CertificateWatch:
    """Looks once an hour, and not at all where the settings name none."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._base = settings.base
        self._files = named_certificates(settings)
        self._store = store
        self._clock = clock
        self._seen: dict[str, Seen] = {}
        self._told: dict[str, tuple[str, int | None]] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while self._files:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Read all of them, and tell of those that end soon, once at each step, or that are good again."""
        self._seen = await asyncio.to_thread(lambda: {key: _seen(path, self._base) for key, path in self._files.items()})
        told = {alarm.subject for alarm in await self._store.find(ALARM, "is_over = 0 AND stands = 1 AND kind = ?", _ALARM)}
        for key in sorted(self._seen):
            if key != WEB:
                await self._tell(key, self._seen[key], is_told=f"certificate/{key}" in told)

    async def _tell(self, key: str, seen: Seen, *, is_told: bool) -> None:
        left = seen.first.days(self._clock.time()) if seen.first is not None else None
        due = min((days for days in WARN_DAYS if left is not None and left < days), default=None)
        subject = f"certificate/{key}"
        is_bad = bool(seen.fault) or due is not None
        step = (seen.fault, due)
        if is_bad and self._told.get(key, step if is_told else None) != step:
            says = seen.fault or f"a certificate of {key} ends in {left} days"
            await self._store.run(lambda tx: tx.event(_ALARM, subject, message=says, days=left, due=due))
        elif is_told and not is_bad:
            says = f"the certificates of {key} are good for {left} days"
            await self._store.run(lambda tx: tx.event(_RENEWED, subject, message=says, days=left, due=None))
        self._told[key] = step

    def view(self) -> list[dict[str, Any]]:
        """As `status` shows them, the one that ends first of each file."""
        return [self._line(key, seen) for key, seen in sorted(self._seen.items())]

    def _line(self, key: str, seen: Seen) -> dict[str, Any]:
        first = seen.first
        return {
            "name": key,
            "subject": first.subject if first is not None else None,
            "ends": rfc3339(first.ends) if first is not None else None,
            "days": first.days(self._clock.time()) if first is not None else None,
            "count": seen.count,
            "fault": seen.fault,
        }


def _seen(path: str, base: Path) -> Seen:
    try:
        found = described_all(read_secret(path, base).encode())
    except (ConfigError, FormatError) as error:
        return Seen(fault=str(error))
    return Seen(min(found, key=lambda one: one.ends), len(found))
