"""MQTT 5: messages to devices and posts at a broker, their receipts, answers and reports back. See docs/reference/mqtt.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fenghuo import (
    AddressKind,
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    PeerStanding,
    PluginInfo,
    hookimpl,
)
from fenghuo_mqtt.settings import MqttSettings, masked, name

__all__ = [
    "MqttSettings",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_plugin",
]

# Beyond the wait for the answer: a place among what is under way, before begin().
_PLACE_S = 5.0


def capabilities(settings: MqttSettings) -> Capabilities:
    """What a session can do. A broker shows ACCEPTED at most; all above it is said by the recipient in a message of its own."""
    return Capabilities(
        form="json",
        evidence_max=Evidence.DONE,
        doubt=Doubt.IDEMPOTENT if settings.idempotent else Doubt.OPAQUE,
        max_payload=settings.max_octets,
        concurrency=settings.window,
        inbound=True,
        repeat_safe=settings.idempotent,  # a broker may forget what it took
        receipt_q95_s=settings.receipt_q95_s,
        attempt_s=settings.answer_s + _PLACE_S,
        needs=("ip",),
    )


def _channel(ctx: ChannelContext) -> Channel:
    from fenghuo_mqtt.channel import MqttChannel

    return MqttChannel(ctx)


def _check(settings: MqttSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_adapters.mqtt_credentials import credentials

    return credentials(settings, secret).faults


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("mqtt", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [ChannelType("mqtt.topic", MqttSettings, capabilities, ("mqtt",), _channel, _check)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("mqtt", name, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_mqtt.conformance import mosquitto

    return [ConformanceFixture("mqtt.topic", "mosquitto", mosquitto, standing=PeerStanding.REAL_PEER)]
