"""The files that an MQTT session needs beside its settings: trust anchors, our certificate and its key, the password."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from fenghuo.errors import ConfigError
from fenghuo_adapters.mqtt_dial import tls_context

__all__ = ["Account", "Credentials", "credentials"]


class Account(Protocol):
    """The settings of a channel that name these files; each as the secret reader takes it, empty for none."""

    @property
    def plain(self) -> bool: ...

    @property
    def password_file(self) -> str: ...

    @property
    def ca_file(self) -> str: ...

    @property
    def cert_file(self) -> str: ...

    @property
    def key_file(self) -> str: ...


class Credentials(msgspec.Struct, frozen=True):
    """What was read. `tls`: None for a connection without; `faults`: what cannot work, by key of the settings."""

    tls: ssl.SSLContext | None
    password: str
    faults: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Credentials(faults={self.faults!r})"


def credentials(settings: Account, secret: Callable[[str], str]) -> Credentials:
    """Read them. Raises: ConfigError when a file cannot be read."""
    password = secret(settings.password_file) if settings.password_file else ""
    faults = {} if password or not settings.password_file else {"password_file": "is empty; it must hold the password of the account"}
    if settings.plain:
        return Credentials(None, password, faults)
    try:
        anchors = tls_context(secret(settings.ca_file))
    except ConfigError as unusable:
        return Credentials(None, password, {**faults, "ca_file": str(unusable)})
    if not settings.cert_file:
        return Credentials(anchors, password, faults)
    try:
        tls = tls_context(secret(settings.ca_file), secret(settings.cert_file), secret(settings.key_file))
    except ConfigError as unusable:
        return Credentials(None, password, {**faults, "cert_file": f"and key_file {unusable}"})
    return Credentials(tls, password, faults)
