"""The HTTP API over a fake desk and real sockets, cell by cell."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from fenghuo import (
    AuthFailed,
    CannotCreate,
    ConfigError,
    Denied,
    FenghuoError,
    FormatError,
    KeyConflict,
    LinkBroken,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    NotReady,
    Overloaded,
    Refused,
    SettingsError,
    StaleEpoch,
    StoreFull,
    StoreInUse,
)
from fenghuo.errors import Outdated, ReleaseNeeded, RowDamaged, XmlRefused
from fenghuo.model.attachment import MOST_OCTETS
from fenghuo.model.delivery import Verdict
from fenghuo_adapters.http_problems import TABLE, problem_of
from fenghuo_adapters.source_rates import Rates
from fenghuo_http import ApiSettings
from fenghuo_http.api import JSON_OCTETS, ROUTES, XML_OCTETS
from tests.plugins.http_door import ACCEPTED, CAP, JSON, MET, Door, at_door


@pytest.fixture
def settings() -> ApiSettings:
    return ApiSettings()


@pytest.fixture
async def door(settings: ApiSettings) -> AsyncIterator[Door]:
    async with at_door(settings) as found:
        yield found


async def test_an_alert_is_202_with_what_was_accepted(door: Door) -> None:
    """CAP goes raw to the desk with its media type, key and signing tokens; the answer is the Accepted object."""
    headers = CAP | {"Idempotency-Key": "k-1", "Fenghuo-Sign": "one, two"}
    status, answered, body = await door.ask("POST", "/api/v1/alerts", data=b"<alert/>", headers=headers)
    assert 202 == status
    expected = {
        "id": "01J",
        "revision": 1,
        "state": "active",
        "verdicts": [{"check": "schema", "value": "valid", "ok": True, "detail": ""}],
        "repairs": ["assumed zone +08:00"],
    }
    assert expected == body
    args = {"raw": b"<alert/>", "key": "k-1", "tokens": ["one", "two"], "media_type": "application/cap+xml"}
    assert [("met", "alert.submit", args)] == door.desk.calls
    assert "no-store" == answered["Cache-Control"]
    assert "nosniff" == answered["X-Content-Type-Options"]


async def test_the_answer_waits_for_the_desk(door: Door) -> None:
    """No byte of a 202 leaves before the desk has answered."""
    gate = asyncio.Event()
    door.desk.answers["alert.submit"] = lambda args: None

    async def slow(actor: Any, verb: str, args: Any) -> Any:
        await gate.wait()
        return ACCEPTED

    door.desk.do = slow  # type: ignore[method-assign]
    asking = asyncio.create_task(door.ask("POST", "/api/v1/alerts", data=b"<alert/>", headers=CAP))
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert not done
    gate.set()
    assert 202 == (await asking)[0]


async def test_an_attachment_is_uploaded_as_it_is(door: Door) -> None:
    """201 with the digest that a message names; too much is a 413 that says how much may come."""
    door.desk.answers["attachment.put"] = {"digest": "ab", "size": 3}
    assert (201, {"digest": "ab", "size": 3}) == (await door.ask("POST", "/api/v1/attachments", data=b"\xff\xd8\x00", headers=MET))[::2]
    assert [("met", "attachment.put", {"raw": b"\xff\xd8\x00"})] == door.desk.calls
    status, _, body = await door.ask("POST", "/api/v1/attachments", data=io.BytesIO(bytes(MOST_OCTETS + 1)), headers=MET)
    assert (413, "the body is longer than 5242880 octets") == (status, body["detail"])


async def test_a_message_goes_raw_to_the_desk(door: Door) -> None:
    """Our JSON is not looked at by this door."""
    status, _, _ = await door.ask("POST", "/api/v1/messages", data=b'{"to": 1}', headers=JSON)
    assert 202 == status
    assert [("met", "message.submit", {"raw": b'{"to": 1}', "key": "", "tokens": [], "media_type": "application/json"})] == door.desk.calls


@pytest.mark.parametrize(
    ("path", "verb", "args"),
    [
        ("/api/v1/messages/01J/why?recipient=wang&limit=5", "message.why", {"id": "01J", "recipient": "wang", "limit": 5}),
        ("/api/v1/messages/01J/why", "message.why", {"id": "01J", "recipient": "", "limit": 100}),
        ("/api/v1/queue?channel=sms", "queue.ls", {"channel": "sms", "limit": 200}),
        ("/api/v1/queue", "queue.ls", {"channel": None, "limit": 200}),
        ("/api/v1/status", "status", {}),
    ],
)
async def test_a_read_is_the_verb_of_the_desk(door: Door, path: str, verb: str, args: dict[str, Any]) -> None:
    """With the parameters of the query as its arguments."""
    door.desk.answers[verb] = {"answered": verb}
    status, _, body = await door.ask("GET", path, headers=MET)
    assert (200, {"answered": verb}, [("met", verb, args)]) == (status, body, door.desk.calls)


async def test_a_refused_message_is_422_with_its_verdicts(door: Door) -> None:
    """A refusal names code, place, the number it is kept under, verdicts and repairs."""
    door.desk.answers["alert.submit"] = Refused(7, "doctype", "a DOCTYPE is refused", "line 1", (Verdict("wellformed", "no", False),))
    status, headers, body = await door.ask("POST", "/api/v1/alerts", data=b"<!DOCTYPE x>", headers=CAP)
    assert (422, "application/problem+json") == (status, headers["Content-Type"])
    expected = {
        "type": "urn:fenghuo:problem:refused",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "a DOCTYPE is refused",
        "where": "line 1",
        "reason": "doctype",
        "refusal": 7,
        "verdicts": [{"check": "wellformed", "value": "no", "ok": False, "detail": ""}],
        "repairs": [],
    }
    assert expected == body


ERRORS: list[tuple[FenghuoError, int, str]] = [
    (NotAuthenticated("who?"), 401, "unauthenticated"),
    (NotAllowed("no right"), 403, "forbidden"),
    (Denied("no"), 403, "forbidden"),
    (ReleaseNeeded("a signature is missing"), 403, "forbidden"),
    (NotFound("no such message"), 404, "not-found"),
    (KeyConflict("k"), 409, "conflict"),
    (Outdated("alarm/7", by="wang", at=1.0, what="alarms.acked"), 409, "conflict"),
    (FormatError("long", code="too-large"), 413, "too-large"),
    (FormatError("bad", code="json", where="$.to"), 422, "refused"),
    (XmlRefused("bad", code="doctype", where="line 1"), 422, "refused"),
    (Overloaded("busy", retry_after_s=2.2), 429, "overloaded"),
    (NotReady("stopping", retry_after_s=5), 503, "unavailable"),
    (LinkBroken("gone"), 503, "unavailable"),
    (StoreFull("5 % left"), 507, "full"),
    (StoreInUse("another process has it"), 503, "unavailable"),
    (CannotCreate("no such folder"), 500, "cannot-create"),
    (RowDamaged("message", ("01J",)), 500, "internal"),
    (ConfigError("odd"), 422, "settings"),
    (SettingsError(("a.toml: x is missing",)), 422, "settings"),
    (AuthFailed("refused"), 422, "settings"),
    (StaleEpoch("another node has taken over"), 503, "unavailable"),
]


@pytest.mark.parametrize(("error", "status", "code"), ERRORS, ids=lambda value: type(value).__name__)
async def test_every_error_has_its_problem(door: Door, error: FenghuoError, status: int, code: str) -> None:
    """Each error of the desk becomes its status, its stable code and its own sentence."""
    door.desk.answers["alert.submit"] = error
    with capture_logs() as logs:
        got, headers, body = await door.ask("POST", "/api/v1/alerts", data=b"<alert/>", headers=CAP)
    assert (status, f"urn:fenghuo:problem:{code}", status, str(error)) == (got, body["type"], body["status"], body["detail"])
    assert "application/problem+json" == headers["Content-Type"]
    assert (["request failed"] if status == 500 else []) == [line["event"] for line in logs]


def test_the_table_covers_every_listed_error() -> None:
    """Each row of the table is reached by some error of the test above."""
    reached = {next(kind for kind in type(error).__mro__ if kind in TABLE) for error, _, _ in ERRORS}
    assert set(TABLE) == reached


@pytest.mark.parametrize(
    ("error", "seconds"), [(Overloaded("x", retry_after_s=2.2), b"3"), (NotReady("x", retry_after_s=0), b"1"), (StoreFull("x"), b"60")]
)
def test_not_now_says_when(error: FenghuoError, seconds: bytes) -> None:
    """429, 503 and 507 carry Retry-After in whole seconds, rounded up, never 0."""
    assert (b"retry-after", seconds) in problem_of(error).headers()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/api/v1/messages", {}, 401, "unauthenticated"),
        ("GET", "/api/v1/messages", {"Authorization": "Bearer wrong"}, 401, "unauthenticated"),
        ("GET", "/api/v1/messages", {"Authorization": "Basic met-token"}, 401, "unauthenticated"),
        ("GET", "/api/v1/nothing", MET, 404, "not-found"),
        ("GET", "/api/v1", MET, 404, "not-found"),
        ("GET", "/api/v1/messages/", MET, 404, "not-found"),
        ("GET", "/api/v1/messages/01J/other", MET, 404, "not-found"),
        ("GET", "/api/v1/alerts", MET, 405, "method-not-allowed"),
        ("DELETE", "/api/v1/messages/01J", MET, 405, "method-not-allowed"),
        ("POST", "/healthz", {}, 405, "method-not-allowed"),
        ("POST", "/metrics", {}, 405, "method-not-allowed"),
        ("GET", "/api/v1/messages?limit=x", MET, 400, "bad-request"),
        ("GET", "/api/v1/messages?limit=1001", MET, 400, "bad-request"),
        ("GET", "/api/v1/messages?limit=0", MET, 400, "bad-request"),
        ("GET", "/api/v1/messages?stat=held", MET, 400, "bad-request"),
        ("GET", "/api/v1/queue?limit=0", MET, 400, "bad-request"),
        ("GET", "/api/v1/events?after=-1", MET, 400, "bad-request"),
        ("GET", "/api/v1/messages?" + "&".join(f"a{n}=1" for n in range(21)), MET, 400, "bad-request"),
        ("POST", "/api/v1/alerts", CAP, 400, "bad-request"),
        ("POST", "/api/v1/attachments", CAP, 400, "bad-request"),
        ("POST", "/api/v1/alerts", CAP | {"Idempotency-Key": "k" * 256}, 400, "bad-request"),
        ("POST", "/api/v1/alerts", MET | {"Content-Type": "text/plain"}, 415, "wrong-type"),
        ("POST", "/api/v1/alerts", CAP | {"Content-Encoding": "gzip"}, 415, "wrong-type"),
        ("POST", "/api/v1/messages", MET | {"Content-Type": "application/xml"}, 415, "wrong-type"),
    ],
)
async def test_what_this_door_refuses_itself(door: Door, method: str, path: str, headers: dict[str, str], status: int, code: str) -> None:
    """A request that is wrong before any verb is a problem, and reaches no verb."""
    data = b"x" if "Idempotency-Key" in headers else None
    got, answered, body = await door.ask(method, path, headers=headers, data=data)
    assert (status, f"urn:fenghuo:problem:{code}") == (got, body["type"])
    assert ("Allow" in answered) is (status == 405)
    assert ("WWW-Authenticate" in answered) is (status == 401)
    assert [] == door.desk.calls


@pytest.mark.parametrize(
    ("path", "content_type", "octets", "status"),
    [
        ("/api/v1/alerts", "application/cap+xml", XML_OCTETS, 202),
        ("/api/v1/alerts", "application/cap+xml", XML_OCTETS + 1, 413),
        ("/api/v1/alerts", "text/xml; charset=gbk", XML_OCTETS, 202),
        ("/api/v1/alerts", "application/json", JSON_OCTETS, 202),
        ("/api/v1/alerts", "application/json", JSON_OCTETS + 1, 413),
        ("/api/v1/messages", "application/json", JSON_OCTETS + 1, 413),
        ("/api/v1/messages/01J/cancel", "application/json", 20_000, 413),
    ],
)
@pytest.mark.parametrize("declared", [True, False])
async def test_bodies_have_limits(door: Door, path: str, content_type: str, octets: int, status: int, declared: bool) -> None:
    """A body past its limit gets a readable 413, whether its length is declared or it comes in chunks."""

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, octets, 65536):
            yield b"x" * min(65536, octets - at)

    data: io.BytesIO | AsyncIterator[bytes] = io.BytesIO(b"x" * octets) if declared else chunks()
    got, _, body = await door.ask("POST", path, data=data, headers=MET | {"Content-Type": content_type})
    assert status == got
    assert "urn:fenghuo:problem:too-large" == body["type"] if status == 413 else "01J" == body["id"]


@pytest.mark.parametrize(
    ("method", "path", "verb", "args", "status"),
    [
        ("GET", "/api/v1/messages", "message.ls", {"limit": 100}, 200),
        ("GET", "/api/v1/messages?state=active&limit=5", "message.ls", {"limit": 5, "state": "active"}, 200),
        ("GET", "/api/v1/messages/01J", "message.show", {"id": "01J"}, 200),
        ("POST", "/api/v1/messages/01J/cancel", "alert.cancel", {"id": "01J", "reason": "", "key": ""}, 202),
        ("GET", "/api/v1/channels", "channel.ls", {}, 200),
        ("GET", "/api/v1/state?topics=message,channel", "state", {"topics": ["message", "channel"]}, 200),
        ("GET", "/api/v1/state", "state", {"topics": ["message", "objective", "channel", "mode"]}, 200),
        ("GET", "/api/v1/events?after=3&limit=10", "log.read", {"after": 3, "limit": 10}, 200),
    ],
)
async def test_each_route_is_one_verb(door: Door, method: str, path: str, verb: str, args: dict[str, Any], status: int) -> None:
    """Path and query become exactly the verb's arguments."""
    got, _, _ = await door.ask(method, path, headers=MET)
    assert (status, [("met", verb, args)]) == (got, door.desk.calls)


async def test_a_command_is_that_of_the_console(door: Door) -> None:
    """Verb, key, rev and arguments go to the desk as they are; the answer has the shape of `res`, and a status that says the same."""
    door.desk.answers |= {"alert.sign": {"signed": 1}, "queue.shed": NotFound("no delivery 7 is open")}
    asked = {"do": "alert.sign", "key": "k", "if_rev": 7, "args": {"id": "01J"}}
    assert (200, {"ok": True, "data": {"signed": 1}}) == (await door.ask("POST", "/api/v1/cmd", json=asked, headers=MET))[::2]
    assert [("met", "alert.sign", {"id": "01J", "key": "k", "if_rev": 7})] == door.desk.calls
    status, _, body = await door.ask("POST", "/api/v1/cmd", json={"do": "queue.shed"}, headers=MET)
    assert (404, {"ok": False, "err": {"code": "not-found", "msg": "no delivery 7 is open", "args": {}}}) == (status, body)
    assert 400 == (await door.ask("POST", "/api/v1/cmd", json={"key": "k"}, headers=MET))[0]
    assert 415 == (await door.ask("POST", "/api/v1/cmd", data=b"{}", headers=MET))[0]


async def test_a_cancel_may_give_its_reason(door: Door) -> None:
    """The reason is passed on; a body that is no reason is 400."""
    assert 202 == (await door.ask("POST", "/api/v1/messages/01J/cancel", headers=JSON, data='{"reason": "误发"}'.encode()))[0]
    assert "误发" == door.desk.calls[0][2]["reason"]
    assert 400 == (await door.ask("POST", "/api/v1/messages/01J/cancel", headers=JSON, data=b'{"reason": 1}'))[0]


async def test_modes_are_read_and_a_persons_word_on_them_is_handed_over_as_it_is(door: Door) -> None:
    """What is wrong with it is the desk's to say."""
    door.desk.answers |= dict.fromkeys(("mode.ls", "mode.log", "mode.declare", "mode.end"), "told")
    declared, ended = {"axis": "network", "mode": "isolated", "reason": "台风", "lasts_s": 60}, {"axis": "network"}
    for method, path, body in (("GET", "", None), ("GET", "/log?limit=5", None), ("POST", "", declared), ("POST", "/end", ended)):
        assert 200 == (await door.ask(method, f"/api/v1/modes{path}", headers=MET if body is None else JSON, json=body))[0]
    assert [{}, {"limit": 5}, declared, ended] == [args for _, verb, args in door.desk.calls if verb.startswith("mode.")]


async def test_events_can_be_waited_for(door: Door) -> None:
    """With wait_s the answer is held until there is an event."""
    asking = asyncio.create_task(door.ask("GET", "/api/v1/events?after=0&wait_s=20", headers=MET))
    done, _ = await asyncio.wait({asking}, timeout=0.1)
    assert (set(), []) == (done, door.desk.calls)
    door.desk.events.add("message/01J")
    assert 200 == (await asking)[0]


@pytest.mark.parametrize(("ready", "accepting", "status"), [(True, True, 200), (True, False, 200), (False, True, 503)])
async def test_healthz_needs_no_token(door: Door, ready: bool, accepting: bool, status: int) -> None:
    """200 only when ready, whether anything new is taken, and nothing else is told."""
    door.desk.answers["status"] = {"ready": ready, "accepting": accepting, "version": "secret"}
    got, _, body = await door.ask("GET", "/healthz")
    assert (status, {"ready": ready, "accepting": ready and accepting}) == (got, body)
    assert status == (await door.ask("HEAD", "/healthz"))[0]


async def test_metrics_are_text(door: Door) -> None:
    """From this machine no token is needed."""
    status, headers, body = await door.ask("GET", "/metrics")
    assert (200, "text/plain; version=0.0.4; charset=utf-8", "fenghuo_up 1\n") == (status, headers["Content-Type"], body)


@pytest.mark.parametrize("settings", [ApiSettings(metrics_from_loopback=False)])
async def test_metrics_can_be_closed_to_this_machine(door: Door) -> None:
    """Behind a proxy everyone comes from this machine, so the setting asks for a token."""
    assert 401 == (await door.ask("GET", "/metrics"))[0]
    assert 200 == (await door.ask("GET", "/metrics", headers=MET))[0]


@pytest.mark.parametrize("settings", [ApiSettings(rate_per_s=0.001, burst=2)])
async def test_a_source_that_asks_too_often_is_told_when(door: Door) -> None:
    """Past the rate a source gets 429 with Retry-After; another source does not."""
    assert [200, 200, 429] == [(await door.ask("GET", "/api/v1/channels", headers=MET))[0] for _ in range(3)]
    _, headers, body = await door.ask("GET", "/api/v1/channels", headers=MET)
    assert ("urn:fenghuo:problem:overloaded", True) == (body["type"], int(headers["Retry-After"]) > 900)
    assert 200 == (await door.ask("GET", "/api/v1/channels", headers={"Authorization": "Bearer duty-token"}))[0]


def test_a_bucket_fills_again() -> None:
    """One request's worth of waiting lets one request pass."""
    now = [0.0]
    rates = Rates(2.0, 1, lambda: now[0])
    assert (0.0, 0.5) == (rates.wait_s("met"), rates.wait_s("met"))
    now[0] = 0.5
    assert (0.0, 0.5) == (rates.wait_s("met"), rates.wait_s("met"))


def test_routes_are_pinned() -> None:
    """Scripts rely on these paths; docs/reference/http-api.md lists them."""
    expected = {
        *(f"POST /api/v1/{path}" for path in ("alerts", "messages", "attachments", "messages/{id}/sign", "messages/{id}/cancel")),
        "POST /api/v1/messages/{id}/correct",
        "GET /api/v1/messages/{id}/review",
        "POST /api/v1/review",
        *(f"POST /api/v1/{path}" for path in ("modes", "modes/end", "outages", "outages/end", "roads", "cmd")),
        *(f"GET /api/v1/{path}" for path in ("messages", "messages/{id}", "messages/{id}/why", "channels", "queue", "status", "state")),
        *(f"GET /api/v1/{path}" for path in ("events", "modes", "modes/log", "outages", "roads")),
    }
    assert expected == {f"{route.method} {route.path}" for route in ROUTES}
