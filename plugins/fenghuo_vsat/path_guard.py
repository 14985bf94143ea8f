"""Watches one satellite path: is its interface there, and what does the modem say of the link? Tells the core when that changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fenghuo import ChannelContext, FrameError, LinkBroken, LinkError, NotReady
from fenghuo_adapters.bound_socket import BoundPath
from fenghuo_adapters.bound_watch import InterfaceWatch
from fenghuo_adapters.snmp_framing import oid
from fenghuo_adapters.snmp_gauge import SnmpGauge
from fenghuo_vsat.link_quality import LinkQuality, Quality
from fenghuo_vsat.settings import PathSettings

__all__ = ["PathGuard", "bound_path"]

LOOK_AGAIN_S = 5.0


def bound_path(settings: PathSettings) -> BoundPath:
    """The path of these settings; should our own timer ever fail, the kernel drops a connection after both limits."""
    return BoundPath(settings.interface, settings.source, abandon_s=settings.connect_s + settings.attempt_s)


class PathGuard:
    """From start() to stop(). `on_interface(is_running, reason)` hears when the interface goes, and when it is back."""

    def __init__(self, ctx: ChannelContext, on_interface: Callable[[bool, str], None]) -> None:
        settings: PathSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._on_interface = on_interface
        self._watch = InterfaceWatch(settings.interface, self._changed) if settings.interface else None
        below = settings.degraded_below or 0.0
        self._quality = LinkQuality(below, below if settings.good_from is None else settings.good_from)
        self._poller: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Raises: NotReady: interface or address is not there; ConfigError: the community cannot be read."""
        gauge = self._gauge()
        try:
            bound_path(self._settings).check()
            if self._watch is not None:
                self._watch.start()
        except LinkBroken as absent:
            raise NotReady(str(absent), retry_after_s=LOOK_AGAIN_S) from absent
        if gauge is not None:
            self._poller = asyncio.create_task(self._poll(gauge), name=f"vsat modem of {self._ctx.name}")

    async def stop(self) -> None:
        """Idempotent."""
        if self._watch is not None:
            self._watch.stop()
        poller, self._poller = self._poller, None
        if poller is not None:
            poller.cancel()
            await asyncio.wait([poller])

    def said(self) -> str:
        """What the modem says, for an operator; empty when there is none to ask."""
        return self._quality.reason if self._settings.snmp_host else ""

    def _gauge(self) -> SnmpGauge | None:
        settings = self._settings
        if not settings.snmp_host:
            return None
        community = self._ctx.secret(settings.snmp_community_file)
        return SnmpGauge(settings.snmp_host, settings.snmp_port, community, oid(settings.snmp_oid), timeout_s=settings.snmp_timeout_s)

    def _changed(self, is_running: bool) -> None:
        self._on_interface(is_running, f"interface {self._settings.interface} is {'back' if is_running else 'gone'}")

    async def _poll(self, gauge: SnmpGauge) -> None:
        """For ever."""
        while True:
            try:
                changed = self._heard(await gauge.read())
            except (LinkError, FrameError) as silence:
                changed = self._quality.missed(str(silence))
            if changed:
                self._tell()
            await asyncio.sleep(self._settings.snmp_poll_s)

    def _heard(self, number: float) -> bool:
        """One reading; a bad one is told each time, since what goes through meanwhile speaks for the link."""
        changed = self._quality.heard(round(number * self._settings.snmp_scale, 6))
        if self._quality.quality is Quality.DEGRADED:
            self._ctx.strained(self._quality.reason)
        return changed

    def _tell(self) -> None:
        quality = self._quality
        level = self._ctx.log.warning if quality.quality is Quality.DEGRADED else self._ctx.log.info
        level("link quality", quality=quality.quality.value, cause=quality.reason)
