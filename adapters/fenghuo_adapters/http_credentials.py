"""What a client of HTTP needs of its files: a secret that a header takes, certificates that it trusts."""

from __future__ import annotations

import ssl

from fenghuo.errors import ConfigError

__all__ = ["secret_fault", "trust"]


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
