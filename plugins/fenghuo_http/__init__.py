"""HTTP in and out: the API on the one web port, the webhook channel. See docs/reference/http-api.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

import msgspec

from fenghuo import (
    AddressKind,
    Capabilities,
    Channel,
    ChannelContext,
    ChannelType,
    ConformanceFixture,
    Doubt,
    Evidence,
    Front,
    FrontContext,
    FrontType,
    PluginInfo,
    Probing,
    Renderer,
    hookimpl,
)
from fenghuo.formats.renditions import json_body
from fenghuo_http.addresses import masked, normalised

__all__ = [
    "ApiSettings",
    "BulkSettings",
    "EndpointPageSettings",
    "WebhookSettings",
    "bulk_capabilities",
    "capabilities",
    "fenghuo_address_kinds",
    "fenghuo_channel_types",
    "fenghuo_conformance",
    "fenghuo_front_types",
    "fenghuo_plugin",
    "fenghuo_renderers",
]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=600)]
_QUIET_S = 45.0
"""Silence after which a fixed url is asked with a HEAD: two of them without an answer, each with its limit, are shown as DOWN within 100 s
with no traffic at all (failover.md, Health of a channel)."""


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type http.api.

    `rate_per_s`: requests a second that each token may make, 0 for no limit; `burst`: how many at once (0: one second's worth);
    `metrics_from_loopback`: whether /metrics needs no token from this machine (switch it off behind a proxy on this machine);
    `tls_in_front`: TLS ends in a proxy before this port, so that the cookie of a session is for https alone.
    """

    rate_per_s: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    burst: Annotated[int, msgspec.Meta(ge=0)] = 0
    metrics_from_loopback: bool = True
    tls_in_front: bool = False


class EndpointPageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type http.endpoint: the plain page of an endpoint at /endpoint. It has no keys."""


class WebhookSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[channels.NAME.settings]` of type http.webhook.

    `url`: where everything goes; empty: each recipient's own. `ca_file`: trust these anchors instead of the system's.
    `secret_file`: its content is sent in `secret_header`. `confirms`: what a 2xx proves. `idempotent`: whether the far end
    knows a repeated Idempotency-Key, so that a doubtful POST may simply be repeated. `timeout_s`: for the whole exchange.
    """

    url: str = ""
    ca_file: str = ""
    secret_file: str = ""
    secret_header: str = "Authorization"
    confirms: Literal["accepted", "device"] = "accepted"
    idempotent: bool = True
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 64
    timeout_s: Seconds = 10.0
    connect_s: Seconds = 3.0

    def __post_init__(self) -> None:
        if self.url:
            normalised(self.url)


class BulkSettings(WebhookSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[channels.NAME.settings]` of type http.bulk: as http.webhook, and `url` must be there. `idempotent`: whether the gateway knows a
    number again under a token it has had. Half of `concurrency` is for pages of up to a thousand telephones.
    """

    url: str
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 8


def bulk_capabilities(settings: BulkSettings) -> Capabilities:
    """What a bulk gateway with these settings can do."""
    return msgspec.structs.replace(capabilities(settings), batch=True)


def capabilities(settings: WebhookSettings) -> Capabilities:
    """What a webhook with these settings can do."""
    return Capabilities(
        form="json",
        evidence_max=Evidence.DEVICE if settings.confirms == "device" else Evidence.ACCEPTED,
        doubt=Doubt.IDEMPOTENT if settings.idempotent else Doubt.OPAQUE,
        concurrency=settings.concurrency,
        receipt_q95_s=settings.timeout_s,
        attempt_s=settings.timeout_s + 5.0,
        needs=("ip",),
        probing=Probing(idle_s=_QUIET_S) if settings.url else Probing(),
    )


def _api(ctx: FrontContext) -> Front:
    from fenghuo_http.api import HttpApi

    return HttpApi(ctx)


def _endpoint(ctx: FrontContext) -> Front:
    from fenghuo_http.endpoint_page import EndpointPage

    return EndpointPage(ctx)


def _webhook(ctx: ChannelContext) -> Channel:
    from fenghuo_http.webhook import WebhookChannel

    return WebhookChannel(ctx)


def _bulk(ctx: ChannelContext) -> Channel:
    from fenghuo_http.bulk import BulkChannel

    return BulkChannel(ctx)


def _check_webhook(settings: WebhookSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    from fenghuo_http.webhook_checks import faults

    return faults(settings, secret)


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("http", "0.1.0")


@hookimpl
def fenghuo_channel_types() -> Sequence[ChannelType]:
    return [
        ChannelType("http.webhook", WebhookSettings, capabilities, ("url",), _webhook, _check_webhook),
        ChannelType("http.bulk", BulkSettings, bulk_capabilities, ("msisdn",), _bulk, _check_webhook),
    ]


@hookimpl
def fenghuo_front_types() -> Sequence[FrontType]:
    return [
        FrontType("http.api", ApiSettings, _api, ("/api/v1", "/healthz", "/metrics")),
        FrontType("http.endpoint", EndpointPageSettings, _endpoint, ("/endpoint",)),
    ]


@hookimpl
def fenghuo_renderers() -> Sequence[Renderer]:
    return [Renderer("json", json_body)]


@hookimpl
def fenghuo_address_kinds() -> Sequence[AddressKind]:
    return [AddressKind("url", normalised, masked)]


@hookimpl
def fenghuo_conformance() -> Sequence[ConformanceFixture]:
    from fenghuo_http.conformance import simulated_bulk, simulated_hook

    return [
        ConformanceFixture("http.webhook", "simulated server", simulated_hook, is_simulated=True),
        ConformanceFixture("http.bulk", "simulated gateway", simulated_bulk, is_simulated=True),
    ]
