"""What a satellite channel needs beside its settings: a secret that a header takes, trust anchors, a community. Judged before anything
is opened."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo_vsat.mqtt_settings import MqttSettings
from fenghuo_vsat.settings import HttpSettings, PathSettings

__all__ = ["faults", "secret_fault", "trust"]


def faults(settings: PathSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse, by key. Raises: ConfigError when a file cannot be read."""
    found: dict[str, str] = {}
    if settings.snmp_community_file and not secret(settings.snmp_community_file):
        found["snmp_community_file"] = "is empty; it must hold the community of the modem's agent"
    if isinstance(settings, MqttSettings) and settings.password_file and not secret(settings.password_file):
        found["password_file"] = "is empty; it must hold the password of the account"
    if isinstance(settings, HttpSettings) and settings.secret_file and (fault := secret_fault(secret(settings.secret_file))):
        found["secret_file"] = fault
    if isinstance(settings, HttpSettings | MqttSettings) and settings.ca_file:
        try:
            trust(secret(settings.ca_file))
        except ConfigError as refusal:
            found["ca_file"] = f"cannot be used: {refusal}"
    return found


def secret_fault(secret: str) -> str:
    """Why no header takes a secret, to go on after the name of its file; empty when one does. Source: RFC 9110 §5.5."""
    if secret and secret.isascii() and secret.isprintable():
        return ""
    return "is empty or has characters that no header takes; it must hold printable ASCII characters on one line"


def trust(pem: str) -> ssl.SSLContext:
    """A context that trusts these certificates alone. Raises: ConfigError with a sentence."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # unlike a default context it trusts nobody when there is nothing to load
    try:
        context.load_verify_locations(cadata=pem)
        return context
    except (ssl.SSLError, ValueError) as exc:
        raise ConfigError("it holds no certificate; it must hold one or more as PEM, from -----BEGIN CERTIFICATE----- on") from exc
