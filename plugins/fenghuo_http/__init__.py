"""HTTP in and out: the API, the webhook channel and the console, all on the one web port or by plain requests."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from fenghuo import Front, FrontContext, FrontType, PluginInfo, hookimpl

__all__ = ["ApiSettings"]


class ApiSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[fronts.NAME.settings]` of type http.api.

    `rate_per_s`: requests a second that each token may make, 0 for no limit; `burst`: how many at once (0: one second's worth);
    `metrics_from_loopback`: whether /metrics needs no token from this machine (switch it off behind a proxy on this machine).
    """

    rate_per_s: float = 0.0
    burst: int = 0
    metrics_from_loopback: bool = True


@hookimpl
def fenghuo_plugin() -> PluginInfo:
    return PluginInfo("http", "0.1.0")


@hookimpl
def fenghuo_front_types() -> Sequence[FrontType]:
    return (FrontType("http.api", ApiSettings, _api),)


def _api(ctx: FrontContext) -> Front:
    from fenghuo_http.api import HttpApi

    return HttpApi(ctx)
