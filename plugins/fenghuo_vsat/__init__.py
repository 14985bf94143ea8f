"""Satellite terminals that carry IP: HTTP by one interface alone, with limits of our own. See docs/reference/vsat.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fenghuo import (
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    PluginInfo,
    hookimpl,
)
from fenghuo_vsat.settings import HttpSettings, PathSettings

__all__ = ["HttpSettings", "fenghuo_channel_types", "fenghuo_conformance", "fenghuo_plugin", "http_capabilities"]

SPARE_S = 5.0
"""Seconds that an emission may wait for what was sent before it to be covered by the rate budget."""


def http_capabilities(settings: HttpSettings) -> Capabilities:
    """What HTTP over a path with these settings can do."""
    return Capabilities(
        form="json",
        evidence_max=Evidence.DEVICE if settings.confirms == "device" else Evidence.ACCEPTED,
        doubt=Doubt.IDEMPOTENT if settings.idempotent else Doubt.OPAQUE,
        concurrency=settings.concurrency,
        receipt_q95_s=settings.attempt_s,
        attempt_s=settings.connect_s + settings.attempt_s + SPARE_S,
        watts_transmit=settings.watts_transmit,
        needs=("ip", "line of sight"),
    )


def _http(ctx: ChannelContext) -> Channel:
    from fenghuo_vsat.http_channel import VsatHttp

    return VsatHttp(ctx)


def _check(settings: PathSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_vsat.secrets import faults

    return faults(settings, secret)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("vsat", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("vsat.http", HttpSettings, http_capabilities, ("url",), _http, _check)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_vsat.conformance import simulated_site

    return [ConformanceFixture("vsat.http", "simulated server", simulated_site, is_simulated=True)]
