"""The tables of the settings file about how the node watches itself, and whom beside its consoles it tells."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from fenghuo.model.alarm import AlarmPriority

__all__ = ["AlarmHookTable", "AlarmsTable", "SelfProbeTable"]


class SelfProbeTable(msgspec.Struct, frozen=True):
    """How often the node tries itself: a message of Test traffic that goes all the way and reaches nobody."""

    every_s: Annotated[
        float,
        Meta(
            ge=0, le=3600, description="Seconds between two, each a wake-up and a few syncs of the disk; 0: none. On battery none is made."
        ),
    ] = 60.0


class AlarmHookTable(msgspec.Struct, frozen=True):
    """A receiver that is told of every alarm, that it was raised and that it is over."""

    url: Annotated[
        str,
        Meta(
            pattern="^https?://[^\\s/]+",
            description="Where each is posted to; no redirect is followed, no proxy used.",
            extra={"must_be": 'an address such as "https://pager.example/fenghuo"'},
        ),
    ]
    form: Annotated[
        Literal["fenghuo", "alertmanager"],
        Meta(description="Our own JSON, or what /api/v2/alerts of a Prometheus Alertmanager takes."),
    ] = "fenghuo"
    secret_file: Annotated[str | None, Meta(description="File with the secret that each is signed with; not signed by default.")] = None
    credential: Annotated[str | None, Meta(description="Name of a systemd credential with that secret, in place of secret_file.")] = None
    ca_file: Annotated[str | None, Meta(description="Authorities (PEM) that its certificate is checked by; the system's by default.")] = (
        None
    )
    priorities: Annotated[tuple[AlarmPriority, ...], Meta(min_length=1, description="Alarms of these priorities; all by default.")] = tuple(
        AlarmPriority
    )
    repeat_min: Annotated[
        float, Meta(ge=0, le=1440, description="Minutes after which those that stand are told again, while any stands; 0: never.")
    ] = 0.0


class AlarmsTable(msgspec.Struct, frozen=True):
    """Whom alarms are told beside the consoles; nobody by default."""

    webhook: Annotated[
        AlarmHookTable | None,
        Meta(
            description="[alarms.webhook] with url, form (fenghuo or alertmanager), secret_file or credential, ca_file, priorities and"
            " repeat_min: alarms.md, Alarms told outside."
        ),
    ] = None
