"""Tables of the settings file about people on duty, field by field with what each must be."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["BreakGlassTable", "DutyTable", "TemplateTable", "WatchTable"]

Digest = Annotated[str, Meta(pattern="^[0-9a-f]{64}$", extra={"must_be": "a SHA-256 in 64 small hexadecimal figures"})]


class DutyTable(msgspec.Struct, frozen=True):
    """Who must be on duty at any time. Without roles nobody watches the roster."""

    roles: Annotated[
        tuple[str, ...], Meta(description="Roles in which somebody must always be on duty, for example duty_officer and duty_leader.")
    ] = ()
    horizon_h: Annotated[float, Meta(gt=0, le=168, description="Hours ahead in which a gap of the roster is an alarm.")] = 12
    grace_min: Annotated[float, Meta(ge=0, le=240, description="Minutes after which whoever should have begun has not come.")] = 15


class TemplateTable(msgspec.Struct, frozen=True):
    """One message that was approved beforehand, with who did."""

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,64}$", extra={"must_be": "small letters, figures and hyphens, 64 at most"})]
    file: Annotated[str, Meta(description="The message: our JSON or CAP.")]
    sha256: Annotated[Digest, Meta(description="Of the file as the approvers saw it; another file is not what they approved.")]
    approved_by: Annotated[
        tuple[str, ...],
        Meta(
            min_length=2,
            description="People whose signatures it has: as many as a release takes, two at least.",
            extra={"must_be": "a list of two names at least"},
        ),
    ]


class BreakGlassTable(msgspec.Struct, frozen=True):
    """What one duty leader may let go alone, in need. Nothing by default."""

    key_sha256: Annotated[Digest, Meta(description="Of what stands in the key file; `fenghuo break-glass key` makes one and prints this.")]
    templates: Annotated[tuple[TemplateTable, ...], Meta(min_length=1, description="What may be let go.")]


class WatchTable(msgspec.Struct, frozen=True):
    """When something urgent counts as unnoticed, and who is told then."""

    unheard_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds in which an armed console must have drawn and sounded a HIGH alarm.")
    ] = 15
    unwatched_s: Annotated[
        float,
        Meta(ge=0, le=3600, description="Seconds without an armed console after which nobody is on watch; a reload of the page fits in."),
    ] = 10
    escalate_to: Annotated[
        tuple[str, ...],
        Meta(
            max_length=100,
            description='Who is told by other channels, as audiences of a message: "person:ID", "role:ID".',
            extra={"must_be": 'a list of audiences such as ["role:duty_leader"]'},
        ),
    ] = ()
