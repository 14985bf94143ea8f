"""TLS of the web port: the context it is served with, what is renewed taken in while it runs, and the alarm before a certificate ends.

Source: console.md §1 (TLS from day one); security.md §9. TLS 1.2 and 1.3, what OpenSSL holds sound by itself.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import structlog

from fenghuo.clock import Clock
from fenghuo.errors import ConfigError, FormatError
from fenghuo.service.certificates import Described, describe
from fenghuo.service.settings_values import TlsFiles
from fenghuo.store.store import Store
from fenghuo.store.tables import ALARM

__all__ = ["WARN_DAYS", "WebTls"]

LOOKS_EVERY_S = 60.0
WARN_DAYS = (30, 7, 0)
"""Told once at each: an administrator has a month, then a week, then it is over."""

log = structlog.stdlib.get_logger("fenghuo.web")


class WebTls:
    """The certificate of the port. `context` stays the same for as long as the port is open; what is put into it anew counts for the next
    connection."""

    def __init__(self, files: TlsFiles, store: Store, clock: Clock) -> None:
        self._files = files
        self._store = store
        self._clock = clock
        self._stamp: tuple[int, ...] = ()
        self._told: int | None = None
        self._has_looked = False
        self._is_refused = False
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.described: Described | None = None

    def load(self) -> None:
        """Read the files, as at a start. Blocks. Raises: ConfigError with what is wrong."""
        try:
            described = describe(self._files.certificate.read_bytes())
            # A pair that does not fit would leave the port with half of it: it is tried elsewhere first.
            self._fill(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
            self._fill(self.context)
        except (OSError, FormatError) as error:  # ssl.SSLError is an OSError
            says = f"[web] certificate {self._files.certificate} cannot be used: {_says(error)}; fenghuo cert init makes one"
            raise ConfigError(says) from error
        self.described = described
        self._stamp = self._now_stamped()

    async def tend(self) -> None:
        """Look each minute at the files and at the days that are left."""
        while True:
            await self.look()
            await asyncio.sleep(LOOKS_EVERY_S)

    async def look(self) -> None:
        """Take in what was renewed; one that cannot be used leaves the port with the one before, and is told."""
        if await asyncio.to_thread(self._now_stamped) != self._stamp:
            await self._take_in()
        if self.described is None:
            return
        left = self.described.days(self._clock.time())
        due = min((days for days in WARN_DAYS if left < days), default=None)
        is_over = due is None and (self._told is not None or (not self._has_looked and await self._was_told()))
        if due is not None and due != self._told:
            says = f"the certificate of the web port ends in {left} days; fenghuo cert renew" if left >= 0 else OVER
            await self._tell("alarm.certificate", says, days=left, due=due)
        elif is_over:
            await self._tell("certificate.renewed", f"the certificate of the web port is good for {left} days", days=left)
        self._told, self._has_looked = due, True

    async def _was_told(self) -> bool:
        """Whether the alarm of before this start stands: the certificate was renewed while nobody was here to see it."""
        return bool(await self._store.find(ALARM, "is_over = 0 AND stands = 1 AND kind = ?", "alarm.certificate"))

    async def _take_in(self) -> None:
        stamp = self._now_stamped()
        try:
            await asyncio.to_thread(self.load)
        except ConfigError as fault:
            self._stamp, self._is_refused = stamp, True  # told once, and not each minute
            await self._tell("alarm.certificate", str(fault), days=0)
            return
        if self._is_refused:
            self._is_refused = False
            await self._tell("certificate.renewed", "the certificate of the web port can be used again", days=0)
        log.info("certificate of the web port taken in anew", sha256=self.described.digest if self.described else "")

    async def _tell(self, event: str, says: str, *, days: int, due: int | None = None) -> None:
        await self._store.run(lambda tx: tx.event(event, "web", message=says, days=days, due=due))

    def _fill(self, context: ssl.SSLContext) -> None:
        context.load_cert_chain(self._files.certificate, self._files.key)
        if self._files.client_ca is not None:
            context.load_verify_locations(self._files.client_ca)
            # Optional: most consoles have none, and a password with a code is as good a second factor.
            context.verify_mode = ssl.CERT_OPTIONAL

    def _now_stamped(self) -> tuple[int, ...]:
        return tuple(_stamp(file) for file in (self._files.certificate, self._files.key))


OVER = "the certificate of the web port is over: browsers refuse the console; fenghuo cert renew"


def _stamp(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _says(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return f"{error.reason or error}: certificate and private_key_file must be a PEM pair"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
