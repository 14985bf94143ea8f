"""Satellite terminals that carry IP: HTTP and MQTT 5 by one interface alone, with limits of our own. See docs/reference/vsat.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fenghuo import (
    Capabilities,
    Carrying,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    PeerStanding,
    PluginInfo,
    Probing,
    hookimpl,
)
from fenghuo_vsat.mqtt_settings import MqttSettings
from fenghuo_vsat.settings import HttpSettings, PathSettings

__all__ = [
    "HttpSettings",
    "MqttSettings",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
    "http_capabilities",
    "mqtt_capabilities",
]

HEAD_OCTETS = 420
"""Octets of IP for a HEAD on a new connection, about."""
ASK_OCTETS = 200
"""Octets of IP for a subscription and the acknowledgement of its answer, about. A quiet session pings by itself and is not asked."""
SPARE_S = 5.0
"""Seconds that an emission may wait for what was sent before it to be covered by the rate budget."""


def http_capabilities(settings: HttpSettings) -> Capabilities:
    """What HTTP over a path with these settings can do."""
    return Capabilities(
        form="json",
        evidence_max=Evidence.DEVICE if settings.confirms == "device" else Evidence.ACCEPTED,
        doubt=Doubt.IDEMPOTENT if settings.idempotent else Doubt.OPAQUE,
        max_payload=settings.most_octets,
        concurrency=settings.concurrency,
        receipt_q95_s=settings.attempt_s,
        attempt_s=settings.connect_s + settings.attempt_s + SPARE_S,
        watts_transmit=settings.watts_transmit,
        needs=("ip", "line of sight"),
        probing=_probing(settings, HEAD_OCTETS, is_fixed=bool(settings.url)),
        attachments=bool(settings.attachments),
    )


def mqtt_capabilities(settings: MqttSettings) -> Capabilities:
    """What MQTT over a path with these settings can do. A broker shows ACCEPTED at most; all above it is said by the recipient itself."""
    return Capabilities(
        form="json",
        evidence_max=Evidence.DONE,
        doubt=Doubt.IDEMPOTENT if settings.idempotent else Doubt.OPAQUE,
        max_payload=settings.max_octets,
        concurrency=settings.window,
        inbound=True,
        repeat_safe=settings.idempotent,  # a broker may forget what it took
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=settings.attempt_s + SPARE_S,
        watts_transmit=settings.watts_transmit,
        needs=("ip", "line of sight"),
        probing=_probing(settings, ASK_OCTETS, is_fixed=False),
        attachments=bool(settings.attachments_share),
    )


def _probing(settings: PathSettings, octets: int, *, is_fixed: bool) -> Probing:
    """How the path is asked, and what a question of so many octets costs. `is_fixed`: there is always somebody to ask."""
    seconds = octets / (settings.rate_kbit * 125) if settings.rate_kbit else 0.0
    return Probing(
        idle_s=settings.probe_idle_s if is_fixed else 0.0,
        shortest_s=settings.probe_shortest_s,
        longest_s=settings.probe_longest_s,
        fee_fen=octets * settings.fen_per_megabyte / 1_000_000,
        joules=seconds * settings.watts_transmit,
        airtime_s=seconds,
    )


def _http(ctx: ChannelContext) -> Channel:
    from fenghuo_vsat.http_channel import VsatHttp

    return VsatHttp(ctx)


def _mqtt(ctx: ChannelContext) -> Channel:
    from fenghuo_vsat.mqtt_channel import VsatMqtt

    return VsatMqtt(ctx)


def _check(settings: PathSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_vsat.secrets import faults

    return faults(settings, secret)


def without_share(settings: MqttSettings, others: Sequence[object]) -> Mapping[str, str]:
    """That no path brings what comes with a message of this one: a broker gets only the text."""
    share = settings.attachments_share
    if not share or any(isinstance(other, HttpSettings) and other.attachments_share == share for other in others):
        return {}
    return {
        "attachments_share": f'is "{share}", and no vsat.http has this share: pictures will be left out; '
        f'give the vsat.http that brings them attachments_share = "{share}"'
    }


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("vsat", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [
        ChannelType("vsat.http", HttpSettings, http_capabilities, ("url",), _http, _check),
        ChannelType("vsat.mqtt", MqttSettings, mqtt_capabilities, ("mqtt",), _mqtt, _check, missing=without_share),
    ]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_vsat.carrying import SimulatedCarrier, settings_of
    from fenghuo_vsat.conformance import simulated_site
    from fenghuo_vsat.conformance_mqtt import mosquitto

    return [
        ConformanceFixture(
            "vsat.http", "simulated server", simulated_site, is_simulated=True, carrying=Carrying(settings_of, SimulatedCarrier)
        ),
        ConformanceFixture("vsat.mqtt", "mosquitto", mosquitto, standing=PeerStanding.REAL_PEER),
    ]
