"""What a request says beside its path: small bodies, the key of a retry, who signs, what kind of octets follow."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

import msgspec

from fenghuo_adapters.http_exchange import Exchange
from fenghuo_adapters.http_problems import HttpRefusal

__all__ = ["SMALL_OCTETS", "Reason", "Shown", "Words", "is_json", "is_xml", "key_of", "media_type_of", "sign_tokens", "small"]

SMALL_OCTETS = 16 * 1024  # a reason, nothing more
KEY_LENGTH = 255
S = TypeVar("S", bound=msgspec.Struct)


class Shown(msgspec.Struct, frozen=True):
    """What a signer was shown, so that nothing else is signed."""

    envelope: str | None = None
    revision: int | None = None


class Reason(msgspec.Struct, frozen=True):
    """The body of a cancel."""

    reason: str = ""


class Words(msgspec.Struct, frozen=True):
    """The body of a correction."""

    text: str = ""


def media_type_of(exchange: Exchange) -> str:
    """The media type without its parameters. Raises: HttpRefusal 415 for a compressed body: a small one can become huge."""
    if exchange.header(b"content-encoding").lower() not in {"", "identity"}:
        raise HttpRefusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "wrong-type", "Content-Encoding is not taken here; send the body as it is")
    return exchange.header(b"content-type").partition(";")[0].strip().lower()


def is_json(media_type: str) -> bool:
    """Whether it is JSON by its name."""
    return media_type == "application/json" or media_type.endswith("+json")


def is_xml(media_type: str) -> bool:
    """Whether it is XML by its name."""
    return media_type in {"application/xml", "text/xml"} or media_type.endswith("+xml")


def key_of(exchange: Exchange) -> str:
    """The key by which a retry is known. Raises: HttpRefusal."""
    key = exchange.header(b"idempotency-key")
    if len(key) > KEY_LENGTH or not (key.isascii() and key.isprintable()):
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"Idempotency-Key takes up to {KEY_LENGTH} printable ASCII characters")
    return key


async def small(exchange: Exchange, shape: type[S], looks: str) -> S:
    """A body of a few words, or none. Raises: HttpRefusal."""
    body = await exchange.body(SMALL_OCTETS)
    try:
        return msgspec.json.decode(body, type=shape) if body else shape()
    except (msgspec.DecodeError, UnicodeDecodeError) as exc:
        raise HttpRefusal(HTTPStatus.BAD_REQUEST, "bad-request", f"the body is not {looks}: {exc}") from exc


def sign_tokens(exchange: Exchange) -> list[str]:
    """The tokens of those who sign."""
    return [token for part in exchange.header(b"fenghuo-sign").split(",") if (token := part.strip())]
