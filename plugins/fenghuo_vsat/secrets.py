"""What a satellite channel needs beside its settings: a secret that a header takes, trust anchors, a community. Judged before anything
is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_adapters.mqtt_credentials import credentials
from fenghuo_vsat.mqtt_settings import MqttSettings
from fenghuo_vsat.settings import HttpSettings, PathSettings

__all__ = ["faults"]


def faults(settings: PathSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse, by key. Raises: ConfigError when a file cannot be read."""
    found: dict[str, str] = {}
    if settings.snmp_community_file and not secret(settings.snmp_community_file):
        found["snmp_community_file"] = "is empty; it must hold the community of the modem's agent"
    if isinstance(settings, MqttSettings):
        found |= credentials(settings, secret).faults
    if isinstance(settings, HttpSettings) and settings.secret_file and (fault := secret_fault(secret(settings.secret_file))):
        found["secret_file"] = fault
    if isinstance(settings, HttpSettings) and settings.ca_file:
        try:
            trust(secret(settings.ca_file))
        except ConfigError as refusal:
            found["ca_file"] = f"cannot be used: {refusal}"
    return found
