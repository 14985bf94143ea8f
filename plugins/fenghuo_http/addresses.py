"""Addresses of kind `url`: where a webhook goes. Only http and https, written one way, shown without what may be secret."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit, urlunsplit

__all__ = ["masked", "normalised"]

DEFAULT_PORTS = {"http": 80, "https": 443}


def normalised(text: str) -> str:
    """The url the one right way. Raises: ValueError with a sentence."""
    wanted = f"url {text!r} is not an http or https address such as https://host/path"
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as exc:
        raise ValueError(wanted) from exc
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or any(mark.isspace() for mark in text.strip()):
        raise ValueError(wanted)
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"url of {parts.hostname} carries a name or password; put it in the channel's secret_file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    netloc = host if port in {None, DEFAULT_PORTS[parts.scheme]} else f"{host}:{port}"
    return urlunsplit(SplitResult(parts.scheme, netloc, parts.path or "/", parts.query, ""))


def masked(url: str) -> str:
    """Scheme and host; a path may hold a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/…"
