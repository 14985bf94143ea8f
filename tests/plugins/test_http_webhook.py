"""The webhook channel against a real HTTP server, and its tables cell by cell."""

from __future__ import annotations

import asyncio
import errno
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import pytest
from aiohttp import web

from fenghuo import (
    AuthFailed,
    ConfigError,
    Doubt,
    Emission,
    Estimate,
    Evidence,
    LinkBroken,
    Outcome,
    Permanent,
    Priority,
    ProbeBudget,
    Reached,
    Rendition,
    Scope,
    Token,
    Traffic,
    Transient,
    Unknown,
)
from fenghuo.clock import SystemClock
from fenghuo.formats.http_status import status_outcome
from fenghuo.plugin.context import HostedChannelContext
from fenghuo_http import WebhookSettings, capabilities
from fenghuo_http.addresses import masked, normalised
from fenghuo_http.webhook import WebhookChannel
from fenghuo_http.webhook_outcomes import connect_outcome


class OneEmission:
    """A licence with a small JSON payload."""

    def __init__(self) -> None:
        self.token = Token("0b1d-token")
        self.n = 2
        self.payload = Rendition("json", "台风", b'{"id":"01J"}', "application/json")
        self.validity_s = 60.0
        self.number = 7

    def book(self, cost: Estimate) -> None:
        """Nobody looks at it here."""

    async def turn(self) -> None:
        return None


class OneJob:
    """A job for one address; `begun` tells whether the licence was asked for."""

    is_last = False

    def __init__(self, address: str, *, limit_s: float = 40.0) -> None:
        self.address = address
        self.address_kind = "url"
        self.priority = Priority.P1
        self.traffic = Traffic.ACTUAL
        self.size = 12
        self.deadline = time.monotonic() + limit_s
        self.begun = 0

    def begin(self) -> OneJob:
        return self

    async def __aenter__(self) -> Emission:
        self.begun += 1
        return OneEmission()

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


class Peer:
    """A real HTTP server that answers with `status`, and keeps what it got."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.gate: asyncio.Event | None = None
        self.cut = False
        self.got: list[tuple[web.BaseRequest, bytes]] = []
        self.url = ""

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.got.append((request, await request.read()))
        if self.gate is not None:
            await self.gate.wait()
        if self.cut and request.transport is not None:
            request.transport.abort()
        return web.Response(status=self.status, headers=self.headers)


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    found = Peer()
    runner = web.ServerRunner(web.Server(found.answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}/hook"
    yield found
    if found.gate is not None:
        found.gate.set()
    await runner.cleanup()


@asynccontextmanager
async def channel(settings: WebhookSettings, secret: str = "") -> AsyncIterator[WebhookChannel]:
    ctx = HostedChannelContext(
        name="hook",
        settings=settings,
        clock=SystemClock(),
        secrets=lambda path: secret,
        on_health=lambda up, reason: None,
        random=random.Random(1),
    )
    made = WebhookChannel(ctx)
    await made.start()
    try:
        yield made
    finally:
        await made.stop(time.monotonic() + 1)
        await made.stop(time.monotonic() + 1)


async def test_a_post_carries_token_attempt_and_payload(peer: Peer) -> None:
    """The payload goes as it is, with the token as key; 200 is ACCEPTED."""
    async with channel(WebhookSettings(secret_file="s"), "Bearer abc") as hook:
        assert Reached(Evidence.ACCEPTED) == await hook.send(OneJob(peer.url))
    request, body = peer.got[0]
    assert ("POST", "/hook", b'{"id":"01J"}') == (request.method, request.path, body)
    wanted = {
        "Content-Type": "application/json",
        "Idempotency-Key": "0b1d-token",
        "Fenghuo-Token": "0b1d-token",
        "Fenghuo-Attempt": "2",
        "Authorization": "Bearer abc",
    }
    assert wanted == {name: request.headers[name] for name in wanted}


async def test_connections_are_kept(peer: Peer) -> None:
    """Two posts one after the other use one connection."""
    async with channel(WebhookSettings(url=peer.url, confirms="device")) as hook:
        assert [Reached(Evidence.DEVICE)] * 2 == [await hook.send(OneJob("ignored")) for _ in range(2)]
    assert 1 == len({request.transport and request.transport.get_extra_info("peername") for request, _ in peer.got[:1]})
    assert peer.got[0][0].protocol is peer.got[1][0].protocol


async def test_a_redirect_is_not_followed(peer: Peer) -> None:
    """A redirect may lead anywhere, so it is a permanent failure of that address."""
    peer.status, peer.headers = 307, {"Location": peer.url + "/elsewhere"}
    async with channel(WebhookSettings()) as hook:
        assert Permanent(Scope.RECIPIENT, "http-307") == await hook.send(OneJob(peer.url))
    assert 1 == len(peer.got)


async def test_retry_after_is_passed_on(peer: Peer) -> None:
    """429 with Retry-After is a pause of that length."""
    peer.status, peer.headers = 429, {"Retry-After": "7"}
    async with channel(WebhookSettings(url=peer.url)) as hook:
        assert Transient(Scope.CHANNEL, "http-429", 7.0) == await hook.send(OneJob("x"))


async def test_nobody_listening_is_certainly_not_sent(peer: Peer) -> None:
    """A refused connection is transient: no byte has left."""
    async with channel(WebhookSettings()) as hook:
        assert Transient(Scope.RECIPIENT, "connect") == await hook.send(OneJob("http://127.0.0.1:1/"))
    async with channel(WebhookSettings(url="http://127.0.0.1:1/")) as hook:
        assert Transient(Scope.CHANNEL, "connect") == await hook.send(OneJob("x"))


async def test_a_connection_cut_after_the_request_is_unknown(peer: Peer) -> None:
    """Nobody can say whether the far end acted."""
    peer.cut = True
    async with channel(WebhookSettings(url=peer.url)) as hook:
        assert Unknown("ServerDisconnectedError") == await hook.send(OneJob("x"))


async def test_no_answer_in_time_is_unknown(peer: Peer) -> None:
    """The request was written and no answer came."""
    peer.gate = asyncio.Event()
    async with channel(WebhookSettings(url=peer.url, timeout_s=0.2)) as hook:
        assert Unknown("timeout") == await hook.send(OneJob("x"))


async def test_without_time_or_start_no_licence_is_taken(peer: Peer) -> None:
    """A job whose deadline is over, or a channel that is stopped, begins nothing."""
    async with channel(WebhookSettings(url=peer.url)) as hook:
        late = OneJob("x", limit_s=0.0)
        assert Transient(Scope.CHANNEL, "no-time") == await hook.send(late)
    stopped = OneJob("x")
    assert Transient(Scope.CHANNEL, "not-started") == await hook.send(stopped)
    assert (0, 0, []) == (late.begun, stopped.begun, peer.got)


async def test_without_a_fixed_url_a_probe_asks_whoever_was_last_written_to(peer: Peer) -> None:
    """Else a channel that time-outs took down could never show that it is well again."""
    async with channel(WebhookSettings()) as hook:
        assert not (await hook.probe(ProbeBudget())).answered
        await hook.send(OneJob(peer.url))
        assert (await hook.probe(ProbeBudget())).answered
    assert ["POST", "HEAD"] == [request.method for request, _ in peer.got]


async def test_a_probe_takes_any_answer(peer: Peer) -> None:
    """Even 404 proves the path; a dead one is a broken link."""
    peer.status = 404
    async with channel(WebhookSettings(url=peer.url)) as hook:
        result = await hook.probe(ProbeBudget())
        assert (True, "http 404") == (result.answered, result.detail)
    async with channel(WebhookSettings(url="http://127.0.0.1:1/")) as hook:
        with pytest.raises(LinkBroken):
            await hook.probe(ProbeBudget())
    async with channel(WebhookSettings()) as hook:
        assert not (await hook.probe(ProbeBudget())).answered


async def test_trust_anchors_that_are_none_are_a_sentence() -> None:
    """A ca_file without a certificate stops the start."""
    with pytest.raises(ConfigError, match=r"ca_file ca\.pem cannot be used: it holds no certificate"):
        async with channel(WebhookSettings(ca_file="ca.pem"), "no certificate"):
            pass


async def test_a_secret_that_no_header_takes_stops_the_start() -> None:
    """AuthFailed names the file and not the secret."""
    with pytest.raises(AuthFailed, match=r"secret_file s is empty or has characters that no header takes"):
        async with channel(WebhookSettings(secret_file="s"), "two\nlines"):
            pass


STATUSES: list[tuple[int, Outcome]] = [
    (200, Reached(Evidence.ACCEPTED)),
    (202, Reached(Evidence.ACCEPTED)),
    (299, Reached(Evidence.ACCEPTED)),
    (301, Permanent(Scope.RECIPIENT, "http-301")),
    (400, Permanent(Scope.MESSAGE, "http-400")),
    (401, Permanent(Scope.RECIPIENT, "http-401")),
    (403, Permanent(Scope.RECIPIENT, "http-403")),
    (404, Permanent(Scope.RECIPIENT, "http-404")),
    (408, Transient(Scope.RECIPIENT, "http-408")),
    (409, Permanent(Scope.MESSAGE, "http-409")),
    (410, Permanent(Scope.RECIPIENT, "http-410")),
    (413, Permanent(Scope.MESSAGE, "http-413")),
    (415, Permanent(Scope.MESSAGE, "http-415")),
    (422, Permanent(Scope.MESSAGE, "http-422")),
    (425, Transient(Scope.RECIPIENT, "http-425")),
    (429, Transient(Scope.RECIPIENT, "http-429")),
    (500, Transient(Scope.RECIPIENT, "http-500")),
    (502, Transient(Scope.RECIPIENT, "http-502")),
    (503, Transient(Scope.RECIPIENT, "http-503")),
    (507, Transient(Scope.RECIPIENT, "http-507")),
]


@pytest.mark.parametrize(("status", "outcome"), STATUSES)
def test_each_status_has_its_outcome(status: int, outcome: Outcome) -> None:
    """The table, cell by cell."""
    assert outcome == status_outcome(status, retry_after="", reached=Evidence.ACCEPTED, far_end=Scope.RECIPIENT)


@pytest.mark.parametrize(
    ("text", "seconds"), [("", None), ("5", 5.0), ("-1", 0.0), ("999999", 3600.0), ("nan", None), ("Tue, 24 Nov 2026 20:00:00 GMT", None)]
)
def test_retry_after_is_bounded(text: str, seconds: float | None) -> None:
    """Seconds within an hour; a date is left to our own back-off."""
    outcome = status_outcome(503, retry_after=text, reached=Evidence.ACCEPTED, far_end=Scope.CHANNEL)
    assert Transient(Scope.CHANNEL, "http-503", seconds) == outcome


@pytest.mark.parametrize(
    ("number", "scope"),
    [(errno.ECONNREFUSED, Scope.RECIPIENT), (None, Scope.RECIPIENT), (errno.ENETUNREACH, Scope.CHANNEL), (errno.EMFILE, Scope.CHANNEL)],
)
def test_no_way_out_is_the_channels_fault(number: int | None, scope: Scope) -> None:
    """One dead server is that recipient's; no network is the channel's."""
    assert Transient(scope, "connect") == connect_outcome(number, far_end=Scope.RECIPIENT)


def test_capabilities_follow_the_settings() -> None:
    """Evidence, doubt and concurrency are what the settings say."""
    given = capabilities(WebhookSettings(confirms="device", idempotent=False, concurrency=3))
    assert (Evidence.DEVICE, Doubt.OPAQUE, 3, "json") == (given.evidence_max, given.doubt, given.concurrency, given.form)
    assert (Evidence.ACCEPTED, Doubt.IDEMPOTENT) == (capabilities(WebhookSettings()).evidence_max, capabilities(WebhookSettings()).doubt)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (" https://Host.EXAMPLE:443/Path?q=1#x ", "https://host.example/Path?q=1"),
        ("http://h", "http://h/"),
        ("http://[::1]:8080/a", "http://[::1]:8080/a"),
    ],
)
def test_an_url_is_written_one_way(text: str, url: str) -> None:
    """Host in small letters, no default port, no fragment."""
    assert url == normalised(text)
    assert url == normalised(url)


@pytest.mark.parametrize("text", ["", "h", "ftp://h/", "http://", "http://h:99999/", "http://h/a b", "https://user:pw@h/", "file:///etc"])
def test_what_is_no_url_is_refused(text: str) -> None:
    """Only http and https, and no password in it."""
    with pytest.raises(ValueError, match="url"):
        normalised(text)


def test_an_url_is_shown_without_its_path() -> None:
    """A path may hold a secret."""
    assert "https://h.example:8443/…" == masked("https://h.example:8443/secret?token=1")
