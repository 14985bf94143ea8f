"""A plugin that brings two channel types, for the tests of the settings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from fenghuo import Capabilities, ChannelType, Doubt, Evidence, PluginInfo, SimpleChannel, Traffic, hookimpl


class TestSmsSettings(msgspec.Struct, frozen=True):
    """One of each kind of key."""

    __test__ = False

    host: Annotated[str, msgspec.Meta(min_length=1, extra={"must_be": "a host name or address"})]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 2775
    password_file: str = ""
    listen: str = ""
    window: int = 10
    burst: int = 1

    def __post_init__(self) -> None:
        if self.burst > self.window:
            raise ValueError(f"burst {self.burst} is more than window {self.window}")


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("settings-test", "1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    capabilities = Capabilities("sms", Evidence.DEVICE, traffic=(Traffic.ACTUAL, Traffic.TEST))
    siren = Capabilities("sms", Evidence.AIRED, doubt=Doubt.ACTUATOR)
    return [
        ChannelType("sms.test", TestSmsSettings, lambda _: capabilities, ("msisdn",), lambda _: SimpleChannel()),
        ChannelType("siren.test", TestSmsSettings, lambda _: siren, ("msisdn",), lambda _: SimpleChannel()),
    ]
