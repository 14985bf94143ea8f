"""What a satellite channel needs beside its settings: a secret that a header takes, trust anchors, a community. Judged before anything
is opened."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_adapters.mqtt_dial import tls_context
from fenghuo_vsat.mqtt_settings import MqttSettings
from fenghuo_vsat.settings import HttpSettings, PathSettings

__all__ = ["faults", "tls_of"]


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
    if isinstance(settings, MqttSettings) and settings.cert_file and "ca_file" not in found:
        try:
            tls_of(settings, secret)
        except ConfigError as refusal:
            found["cert_file"] = f"and key_file {refusal}"
    return found


def tls_of(settings: MqttSettings, secret: Callable[[str], str]) -> ssl.SSLContext | None:
    """As whom we speak to the broker, and to whom; None without TLS. The key touches no disk. Raises: ConfigError with a sentence."""
    if settings.plain:
        return None
    if not settings.cert_file:
        return tls_context(secret(settings.ca_file))
    return tls_context(secret(settings.ca_file), secret(settings.cert_file), secret(settings.key_file))
