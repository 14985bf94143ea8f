"""Channel `http.webhook`: one POST for each emission, its token as Idempotency-Key. No redirect is followed, no proxy used."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping

import aiohttp
from yarl import URL

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Evidence,
    LinkBroken,
    LinkTimeout,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
)
from fenghuo.formats.http_status import status_outcome
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_http import WebhookSettings
from fenghuo_http.webhook_outcomes import connect_outcome

__all__ = ["WebhookChannel"]

ANSWER_OCTETS = 64 * 1024  # read and thrown away so that the connection can be used again; a longer answer costs the connection
MARGIN_S = 0.2  # left of the job's deadline for our own work


class WebhookChannel(SimpleChannel):
    """POSTs to the settings' url, or to each recipient's own. A 2xx is what the settings say it confirms."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: WebhookSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._far_end = Scope.CHANNEL if settings.url else Scope.RECIPIENT
        self._reached = Evidence.DEVICE if settings.confirms == "device" else Evidence.ACCEPTED
        self._session: aiohttp.ClientSession | None = None
        self._last_url = settings.url  # whom a probe asks: without a fixed url whoever was last written to

    async def start(self) -> None:
        """Read the secret and the trust anchors. Raises: ConfigError, AuthFailed when one of them cannot be had."""
        settings = self._settings
        headers = {"User-Agent": "fenghuo"}
        if settings.secret_file:
            headers[settings.secret_header] = self._secret()
        connector = aiohttp.TCPConnector(limit=settings.concurrency, ssl=self._trust(), ttl_dns_cache=60)
        self._session = aiohttp.ClientSession(
            connector=connector, headers=headers, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )

    async def stop(self, deadline: float) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        return Estimate(latency_q50_s=0.1, latency_q95_s=self._settings.timeout_s)

    async def send(self, job: SendJob) -> Outcome:
        if self._session is None:
            return Transient(Scope.CHANNEL, "not-started")
        url = self._settings.url or job.address
        limit_s = min(self._settings.timeout_s, job.deadline - self._ctx.clock.monotonic() - MARGIN_S)
        if limit_s <= 0:
            return Transient(Scope.CHANNEL, "no-time")
        self._last_url = url
        async with job.begin() as emission:
            return await self._post(URL(url), emission, limit_s)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the url last written to with HEAD: any answer proves the path. Raises: LinkBroken, LinkTimeout."""
        session = self._session
        if session is None or not self._last_url:
            return ProbeResult(answered=False, detail="without a fixed url there is nobody to ask before the first message")
        began = self._ctx.clock.monotonic()
        try:
            async with asyncio.timeout(budget.timeout_s), session.head(self._last_url, allow_redirects=False) as answer:
                return ProbeResult(answered=True, round_trip_s=self._ctx.clock.monotonic() - began, detail=f"http {answer.status}")
        except TimeoutError as exc:
            raise LinkTimeout("no answer in time") from exc
        except aiohttp.ClientError as exc:
            raise LinkBroken(str(exc)) from exc

    async def _post(self, url: URL, emission: Emission, limit_s: float) -> Outcome:
        headers = {
            "Content-Type": emission.payload.media_type,
            "Idempotency-Key": emission.token,
            "Fenghuo-Token": emission.token,
            "Fenghuo-Attempt": str(emission.n),
        }
        outcome, _ = await self._exchange(url, emission.payload.data, headers, limit_s)
        return outcome

    async def _exchange(self, url: URL, data: bytes, headers: Mapping[str, str], limit_s: float) -> tuple[Outcome, bytes]:
        """The outcome of one POST, and what the far end said with it, as far as it is read."""
        session = self._session
        if session is None:
            return Unknown("stopped"), b""
        timeout = aiohttp.ClientTimeout(total=limit_s, sock_connect=self._settings.connect_s)
        try:
            async with session.post(url, data=data, headers=headers, timeout=timeout, allow_redirects=False) as answer:
                outcome = status_outcome(
                    answer.status,
                    retry_after=answer.headers.get("Retry-After", ""),
                    reached=self._reached,
                    far_end=self._far_end,
                )
                return outcome, await _drain(answer)
        except aiohttp.ClientConnectorError as exc:
            return connect_outcome(exc.errno, far_end=self._far_end), b""
        except aiohttp.ConnectionTimeoutError:
            return connect_outcome(None, far_end=self._far_end), b""
        except aiohttp.InvalidURL:
            return Permanent(self._far_end, "bad-url"), b""
        except TimeoutError:
            return Unknown("timeout"), b""
        except aiohttp.ClientError as exc:
            # The request was under way: whether the far end acted on it is anybody's guess.
            return Unknown(type(exc).__name__), b""

    def _secret(self) -> str:
        secret = self._ctx.secret(self._settings.secret_file)
        if fault := secret_fault(secret):
            raise AuthFailed(f"secret_file {self._settings.secret_file} {fault}")
        return secret

    def _trust(self) -> ssl.SSLContext | bool:
        """The system's trust anchors, or only those of `ca_file`."""
        if not self._settings.ca_file:
            return True
        try:
            return trust(self._ctx.secret(self._settings.ca_file))
        except ConfigError as exc:
            raise ConfigError(f"ca_file {self._settings.ca_file} cannot be used: {exc}") from exc


async def _drain(answer: aiohttp.ClientResponse) -> bytes:
    """Take the answer; a failure here changes nothing, for the status has spoken."""
    said = b""
    try:
        said = await answer.content.readexactly(ANSWER_OCTETS)
    except asyncio.IncompleteReadError as end:
        return end.partial
    except (aiohttp.ClientError, TimeoutError):
        pass
    answer.close()
    return said
