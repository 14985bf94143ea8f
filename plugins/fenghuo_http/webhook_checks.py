"""What a webhook needs beside its settings: a secret that a header takes, and trust anchors. Judged before anything is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fenghuo import ConfigError
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_http import WebhookSettings

__all__ = ["faults"]


def faults(settings: WebhookSettings, secret: Callable[[str], str]) -> Mapping[str, str]:
    """What start() would refuse, by key. Raises: ConfigError when a file cannot be read."""
    found: dict[str, str] = {}
    if settings.secret_file and (fault := secret_fault(secret(settings.secret_file))):
        found["secret_file"] = fault
    if settings.ca_file:
        try:
            trust(secret(settings.ca_file))
        except ConfigError as refusal:
            found["ca_file"] = f"cannot be used: {refusal}"
    return found
