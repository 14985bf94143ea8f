"""Problems as HTTP says them (RFC 9457), and the one table from our errors to status and stable code."""

from __future__ import annotations

import math
from http import HTTPStatus

import msgspec

from fenghuo.errors import (
    AuthFailed,
    CannotCreate,
    ConfigError,
    Denied,
    FenghuoError,
    FormatError,
    KeyConflict,
    LinkError,
    NotAuthenticated,
    NotFound,
    NotReady,
    Outdated,
    Overloaded,
    SettingsError,
    StaleEpoch,
    StoreFull,
    StoreInUse,
)

__all__ = ["TABLE", "TOO_LARGE", "HttpRefusal", "Problem", "problem_of"]

MEDIA_TYPE = b"application/problem+json"
RETRY_AFTER_FULL_S = 60  # a full disk is freed by a person, not by time; a minute keeps the source asking


class HttpRefusal(FenghuoError):
    """A request that this door does not pass on: wrong method, type, size or parameter, or too many of them."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, *, retry_after_s: float | None = None, allow: str = "") -> None:
        self.status = status
        self.code = code
        self.retry_after_s = retry_after_s
        self.allow = allow
        super().__init__(detail)


class Problem(msgspec.Struct, frozen=True):
    """An answer in problem+json, and the headers that go with it. `extras` are members beside the five of the RFC."""

    status: HTTPStatus
    code: str
    detail: str
    extras: dict[str, object] = {}
    retry_after_s: float | None = None
    allow: str = ""

    def body(self) -> bytes:
        """The document. Source: RFC 9457 §3.1."""
        members: dict[str, object] = {
            "type": f"urn:fenghuo:problem:{self.code}",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        return msgspec.json.encode(members | self.extras)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Content type, Retry-After, Allow and WWW-Authenticate where the status asks for them."""
        found = [(b"content-type", MEDIA_TYPE)]
        if self.retry_after_s is not None:
            found.append((b"retry-after", str(max(1, math.ceil(self.retry_after_s))).encode()))
        if self.allow:
            found.append((b"allow", self.allow.encode()))
        if self.status is HTTPStatus.UNAUTHORIZED:
            found.append((b"www-authenticate", b'Bearer realm="fenghuo"'))
        return found


TABLE: dict[type[BaseException], tuple[HTTPStatus, str]] = {
    NotAuthenticated: (HTTPStatus.UNAUTHORIZED, "unauthenticated"),
    Denied: (HTTPStatus.FORBIDDEN, "forbidden"),
    NotFound: (HTTPStatus.NOT_FOUND, "not-found"),
    KeyConflict: (HTTPStatus.CONFLICT, "conflict"),
    Outdated: (HTTPStatus.CONFLICT, "conflict"),
    FormatError: (HTTPStatus.UNPROCESSABLE_ENTITY, "refused"),
    Overloaded: (HTTPStatus.TOO_MANY_REQUESTS, "overloaded"),
    NotReady: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    LinkError: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    StaleEpoch: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    SettingsError: (HTTPStatus.UNPROCESSABLE_ENTITY, "settings"),
    ConfigError: (HTTPStatus.UNPROCESSABLE_ENTITY, "settings"),
    AuthFailed: (HTTPStatus.UNPROCESSABLE_ENTITY, "settings"),
    StoreFull: (HTTPStatus.INSUFFICIENT_STORAGE, "full"),
    StoreInUse: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
    CannotCreate: (HTTPStatus.INTERNAL_SERVER_ERROR, "cannot-create"),
    FenghuoError: (HTTPStatus.INTERNAL_SERVER_ERROR, "internal"),
}
"""Error → status and code; an error not listed is looked up by its nearest listed ancestor. The words are those of the control
socket (docs/reference/exit-codes.md); a test compares the two.
"""


TOO_LARGE = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large")


def problem_of(error: FenghuoError) -> Problem:
    """What the caller is told about an error."""
    if isinstance(error, HttpRefusal):
        return Problem(error.status, error.code, str(error), retry_after_s=error.retry_after_s, allow=error.allow)
    status, code = next(TABLE[kind] for kind in type(error).__mro__ if kind in TABLE)
    extras: dict[str, object] = {}
    retry_after_s: float | None = None
    match error:
        case FormatError():
            extras = {"where": error.where, "reason": error.code}
            status, code = TOO_LARGE if error.code == "too-large" else (status, code)
        case Overloaded() | NotReady():
            retry_after_s = error.retry_after_s
        case StoreFull():
            retry_after_s = RETRY_AFTER_FULL_S
    return Problem(status, code, str(error), extras, retry_after_s)
