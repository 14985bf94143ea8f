"""The HTTP API from the client's side, for `--url`: the verbs of /api/v1, blocking, standard library only."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from fenghuo.client.caller import CallFailed, Unreachable

__all__ = ["OFFERED", "Web"]

# How long one GET /events is held open; the server holds no request longer than 30 s.
EVENTS_WAIT_S = 25.0


class Ask(NamedTuple):
    """One HTTP request."""

    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012  # a NamedTuple default, never changed


class Web:
    """Speaks to the daemon at `url` with a bearer token; what the HTTP API does not offer is refused here."""

    def __init__(self, url: str, token: str, *, timeout_s: float = 30.0) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._timeout_s = timeout_s

    def call(self, do: str, **args: Any) -> Any:  # JSON
        """Carry out the verb and return its data. Raises: CallFailed, Unreachable."""
        if do not in ASKS:
            raise CallFailed("bad-request", f"{do} is not offered over HTTP; ask on the machine itself, by --socket")
        return self._asked(ASKS[do](args))

    def follow(self, after: int, *, epoch: str = "", silence_s: float | None = None) -> Iterator[dict[str, Any]]:
        """Events after `after` as they happen; ends when none came for `silence_s` seconds. Raises: CallFailed, Unreachable."""
        quiet_since = time.monotonic()
        while silence_s is None or time.monotonic() - quiet_since < silence_s:
            left_s = EVENTS_WAIT_S if silence_s is None else min(EVENTS_WAIT_S, silence_s - (time.monotonic() - quiet_since))
            query = urlencode({"after": after, "wait_s": max(1, round(left_s))})
            page = self._asked(Ask("GET", f"/api/v1/events?{query}"))
            if epoch and page["epoch"] != epoch:
                raise CallFailed("stale-cursor", f"the log has the epoch {page['epoch']}, the cursor has {epoch}")
            for event in page["events"]:
                after = event["seq"]
                yield {"epoch": page["epoch"], **event}
                quiet_since = time.monotonic()

    def _asked(self, ask: Ask) -> Any:  # JSON
        status, body = self._exchange(ask)
        try:
            data = json.loads(body)
        except ValueError as error:
            raise Unreachable(f"{self.url} answered {status} with something that is no JSON; is it Fenghuo?") from error
        if status < 400:
            return data
        code = str(data.get("type", "")).rpartition(":")[2] or "internal"
        raise CallFailed(code, str(data.get("detail", status)), err=data)

    def _exchange(self, ask: Ask) -> tuple[int, bytes]:
        place = urlsplit(self.url)
        kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=self._timeout_s)
        try:
            connection.request(
                ask.method, place.path + ask.path, ask.body or None, {"authorization": f"Bearer {self._token}", **ask.headers}
            )
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"no daemon answers at {self.url}: {error}") from error
        finally:
            connection.close()


def _signed(args: dict[str, Any], **headers: str) -> dict[str, str]:
    tokens = ",".join(args.get("tokens") or ())
    return {name: value for name, value in {"fenghuo-sign": tokens, **headers}.items() if value}


def _submit(args: dict[str, Any]) -> Ask:
    headers = _signed(args, **{"idempotency-key": args.get("key", ""), "content-type": args.get("media_type") or "application/xml"})
    return Ask("POST", "/api/v1/alerts", args["raw"], headers)


def _order(args: dict[str, Any]) -> Ask:
    """An order as our own JSON (docs/reference/desk.md, message.submit); a dry run stays on the machine."""
    if args.get("dry_run"):
        raise CallFailed("bad-request", "--dry-run is not offered over HTTP; ask on the machine itself, by --socket")
    if args.get("go_to"):
        raise CallFailed("bad-request", "--go-to is not offered over HTTP; ask on the machine itself, by --socket")
    names = ("kind", "priority", "traffic", "to", "via", "text", "subject", "needed", "expires_s", "deadline_s", "attachments")
    order = {name: args[name] for name in names if args.get(name)}
    headers = _signed(args, **{"idempotency-key": args.get("key", ""), "content-type": "application/json"})
    return Ask("POST", "/api/v1/messages", json.dumps(order, ensure_ascii=False).encode(), headers)


def _attachment(args: dict[str, Any]) -> Ask:
    return Ask("POST", "/api/v1/attachments", args["raw"], {"content-type": "application/octet-stream"})


def _cancel(args: dict[str, Any]) -> Ask:
    return Ask(
        "POST",
        f"/api/v1/messages/{quote(args['id'], safe='')}/cancel",
        json.dumps({"reason": args["reason"]}).encode(),
        {name: value for name, value in {"idempotency-key": args.get("key", "")}.items() if value},
    )


def _sign(args: dict[str, Any]) -> Ask:
    shown = {name: args[name] for name in ("envelope", "revision") if args.get(name)}
    body = json.dumps(shown).encode() if shown else b""
    return Ask("POST", f"/api/v1/messages/{quote(args['id'], safe='')}/sign", body, {"fenghuo-sign": args["token"]})


def _review(args: dict[str, Any]) -> Ask:
    headers = {"fenghuo-sign": args["token"]} if args.get("token") else {}
    if args.get("raw"):
        return Ask("POST", "/api/v1/review", args["raw"], {**headers, "content-type": args.get("media_type") or "application/xml"})
    return Ask("GET", f"/api/v1/messages/{quote(args['id'], safe='')}/review", b"", headers)


def _correct(args: dict[str, Any]) -> Ask:
    said = {"text": args["text"]} if args.get("text") else {}
    headers = {"idempotency-key": args.get("key", ""), "content-type": "application/json"}
    return Ask("POST", f"/api/v1/messages/{quote(args['id'], safe='')}/correct", json.dumps(said).encode(), headers)


def _why(args: dict[str, Any]) -> Ask:
    return _query(f"/api/v1/messages/{quote(args['id'], safe='')}/why", {name: value for name, value in args.items() if name != "id"})


def _query(path: str, args: dict[str, Any]) -> Ask:
    return Ask("GET", f"{path}?{urlencode({name: value for name, value in args.items() if value is not None})}")


ASKS: dict[str, Callable[[dict[str, Any]], Ask]] = {
    "alert.submit": _submit,
    "message.send": _order,
    "attachment.put": _attachment,
    "alert.cancel": _cancel,
    "alert.review": _review,
    "alert.sign": _sign,
    "alert.correct": _correct,
    "message.show": lambda args: Ask("GET", f"/api/v1/messages/{quote(args['id'], safe='')}"),
    "message.ls": lambda args: _query("/api/v1/messages", args),
    "message.why": _why,
    "channel.ls": lambda _: Ask("GET", "/api/v1/channels"),
    "queue.ls": lambda args: _query("/api/v1/queue", args),
    "status": lambda _: Ask("GET", "/api/v1/status"),
    "log.read": lambda args: _query("/api/v1/events", args),
}
"""Each verb that HTTP offers, as its request."""

OFFERED = frozenset(ASKS)
