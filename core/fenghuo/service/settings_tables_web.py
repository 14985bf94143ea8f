"""`[web]` of the settings file, field by field with what each must be."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

__all__ = ["WebTable"]

HostName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$",
        extra={"must_be": 'a host name without scheme and port, such as "fenghuo.taicang.example"'},
    ),
]


class WebTable(msgspec.Struct, frozen=True):
    """The one web port. Without this table there is none."""

    listen: Annotated[
        str,
        Meta(
            pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$",
            description="Address and port; port 0 takes any free one and the ready line names it.",
            extra={"must_be": 'an address and a port such as "127.0.0.1:8025" or "[::1]:8025"'},
        ),
    ]
    hosts: Annotated[
        tuple[HostName, ...], Meta(description="Names to ask by, beside localhost, this machine's own and the address listened on.")
    ] = ()
    certificate: Annotated[str | None, Meta(description="Certificate for TLS, PEM; without one the port is plain http.")] = None
    private_key_file: Annotated[str | None, Meta(description="Its key, PEM.")] = None
    client_ca: Annotated[str | None, Meta(description="Whose client certificates count, PEM; none are asked for by default.")] = None
