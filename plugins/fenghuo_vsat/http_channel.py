"""Channel `vsat.http`: one POST for each emission over a connection that stands before anything is committed, by one path alone."""

from __future__ import annotations

import asyncio
import ssl
from urllib.parse import urljoin

from fenghuo import (
    AuthFailed,
    ChannelContext,
    ConfigError,
    Emission,
    Estimate,
    Evidence,
    LinkError,
    LinkTimeout,
    Outcome,
    Permanent,
    ProbeBudget,
    ProbeResult,
    Reached,
    Rendition,
    Scope,
    SendJob,
    SimpleChannel,
    Transient,
    Unknown,
)
from fenghuo.formats.http_status import status_outcome
from fenghuo_adapters.bound_http import BoundHttp, HttpLine, Limits, Refused
from fenghuo_adapters.bound_http_framing import Request
from fenghuo_adapters.http_credentials import secret_fault, trust
from fenghuo_adapters.rate_bucket import RateBucket
from fenghuo_vsat.courier import Courier
from fenghuo_vsat.depot import depot_of
from fenghuo_vsat.http_outcomes import doubt, not_connected
from fenghuo_vsat.parcels import carried, parcels_of
from fenghuo_vsat.path_guard import PathGuard, bound_path
from fenghuo_vsat.precedence import Precedence
from fenghuo_vsat.settings import HttpSettings
from fenghuo_vsat.wire_cost import cost

__all__ = ["VsatHttp"]

PATIENCE = 2.0
"""How much longer than a text a chunk of an attachment may take, since texts go before it on the way."""
MARGIN_S = 0.2
"""Left of the job's deadline for our own work."""
A_TOKEN, A_URL = "0" * 36, "http://192.0.2.1:8080/"
"""As long as those that an emission will have."""


class VsatHttp(SimpleChannel):
    """POSTs to the settings' url, or to each recipient's own. A 2xx is what the settings say it confirms."""

    def __init__(self, ctx: ChannelContext) -> None:
        settings: HttpSettings = ctx.settings
        self._ctx = ctx
        self._settings = settings
        self._far_end = Scope.CHANNEL if settings.url else Scope.RECIPIENT
        self._reached = Evidence.DEVICE if settings.confirms == "device" else Evidence.ACCEPTED
        self._bucket = RateBucket(settings.rate_kbit * 125, settings.burst_octets, ctx.clock.monotonic)
        self._http: BoundHttp | None = None
        self._precedence = Precedence(self._bucket, settings.burst_octets)
        self._courier: Courier | None = None
        self._guard = PathGuard(ctx, self._interface)
        self._session_octets = 0  # of the headers that go with every request; themselves they hold a secret
        self._last_url = settings.url  # whom a probe asks: without a fixed url whoever was last written to

    @property
    def spent_octets(self) -> int:
        """Octets of IP that it has sent, by the kernel's own count."""
        if self._http is not None:
            self._http.settle()
        if self._courier is not None:
            self._courier.settle()
        return self._bucket.spent

    @property
    def modem_says(self) -> str:
        """What the link is like by its modem, for an operator; empty where there is none to ask."""
        return self._guard.said()

    def remark(self) -> str:
        """What is still on its way behind the texts."""
        return self._courier.said() if self._courier is not None else ""

    async def start(self) -> None:
        """Raises: NotReady: interface or address is not there; ConfigError, AuthFailed: a secret or an anchor cannot be had."""
        settings = self._settings
        always = {"User-Agent": "fenghuo"}
        if settings.secret_file:
            always[settings.secret_header] = self._secret()
        self._session_octets = sum(len(f"{name}: {value}\r\n") for name, value in always.items())
        context = self._trust()
        self._guard.start()
        limits = Limits(settings.connect_s, settings.attempt_s, settings.keep_s)
        self._http = BoundHttp(bound_path(settings), self._bucket, limits, self._ctx.clock.monotonic, context, always)
        if settings.attachments:
            patient = Limits(settings.connect_s, PATIENCE * settings.attempt_s, settings.keep_s)
            http = BoundHttp(bound_path(settings), self._bucket, patient, self._ctx.clock.monotonic, context, always)
            self._courier = Courier(self._ctx, http, self._precedence, depot_of(self._ctx, settings.attachments_share))
            await self._courier.start()

    async def stop(self, deadline: float) -> None:
        http, self._http = self._http, None
        if http is not None:
            http.close()
        if self._courier is not None:
            await self._courier.stop()
        await self._guard.stop()

    def estimate(self, payload: Rendition, address: str) -> Estimate:
        request = _request(self._settings.url or address or A_URL, payload, A_TOKEN, 1)
        return cost(len(request.octets()) + self._session_octets, self._settings)

    async def send(self, job: SendJob) -> Outcome:
        with self._precedence.text():
            outcome = await self._send(job)
        if isinstance(outcome, Reached):
            self._crossed()
        return outcome

    async def _send(self, job: SendJob) -> Outcome:
        http = self._http
        if http is None:
            return Transient(Scope.CHANNEL, "not-started")
        if self._settings.most_octets and job.size > self._settings.most_octets:
            return Permanent(Scope.MESSAGE, "too-long")
        url = self._settings.url or job.address
        self._last_url = url
        if not await self._has_room(job):
            return Transient(Scope.MESSAGE, "rate-budget", self._bucket.wait_s())
        try:
            line = await http.line(url)
        except LinkError as failure:
            return not_connected(failure, was_refused=isinstance(failure, Refused), far_end=self._far_end)
        is_given_back = False
        try:
            async with job.begin() as emission:
                is_given_back = True  # by exchange(), whatever comes of it
                outcome = await self._post(http, line, url, emission)
                if self._courier is not None and isinstance(outcome, Reached):
                    to = urljoin(url, self._settings.attachments)
                    share = self._settings.attachments_share
                    brings = await carried(emission, self._ctx.blobs)
                    await self._courier.take(parcels_of(job, brings, to, self._ctx.clock.time(), share=share))
                return outcome
        finally:
            if not is_given_back:
                http.give_back(line)

    async def probe(self, budget: ProbeBudget) -> ProbeResult:
        """Ask the url last written to with HEAD, by the same path: any answer proves it. Raises: LinkBroken, LinkTimeout."""
        http = self._http
        if http is None or not self._last_url:
            return ProbeResult(answered=False, detail="without a fixed url there is nobody to ask before the first message")
        began = self._ctx.clock.monotonic()
        try:
            async with asyncio.timeout(budget.timeout_s):
                line = await http.line(self._last_url)
                answer = await http.exchange(line, Request("HEAD", self._last_url))
        except TimeoutError as late:
            raise LinkTimeout(f"no answer within {budget.timeout_s:g} s") from late
        self._crossed()
        round_trip_s = self._ctx.clock.monotonic() - began
        detail = " · ".join(filter(None, (f"http {answer.status}", self._guard.said())))
        return ProbeResult(answered=True, round_trip_s=round_trip_s, detail=detail)

    async def _has_room(self, job: SendJob) -> bool:
        """Wait until what was sent before is covered, so that the wait costs no emission its time."""
        left_s = job.deadline - self._ctx.clock.monotonic() - self._settings.connect_s - self._settings.attempt_s
        wait_s = self._bucket.wait_s()
        if wait_s > max(0.0, left_s):
            return False
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return True

    async def _post(self, http: BoundHttp, line: HttpLine, url: str, emission: Emission) -> Outcome:
        request = _request(url, emission.payload, emission.token, emission.n)
        try:
            answer = await http.exchange(line, request, turn=emission.turn)
        except LinkError as failure:
            return Unknown(doubt(failure))
        return status_outcome(
            answer.status, retry_after=answer.headers.get("retry-after", ""), reached=self._reached, far_end=self._far_end
        )

    def _crossed(self) -> None:
        if self._courier is not None:
            self._courier.path_proven()

    def _interface(self, is_running: bool, reason: str) -> None:
        if self._http is not None and not is_running:
            self._http.reset()
        if self._courier is not None:
            self._courier.path_proven() if is_running else self._courier.reset()
        self._ctx.health(is_running, reason)

    def _secret(self) -> str:
        secret = self._ctx.secret(self._settings.secret_file)
        if fault := secret_fault(secret):
            raise AuthFailed(f"secret_file {self._settings.secret_file} {fault}")
        return secret

    def _trust(self) -> ssl.SSLContext | None:
        """Only the anchors of `ca_file`, or the system's."""
        if not self._settings.ca_file:
            return None
        try:
            return trust(self._ctx.secret(self._settings.ca_file))
        except ConfigError as exc:
            raise ConfigError(f"ca_file {self._settings.ca_file} cannot be used: {exc}") from exc


def _request(url: str, payload: Rendition, token: str, n: int) -> Request:
    headers = {"Content-Type": payload.media_type, "Idempotency-Key": token, "Fenghuo-Token": token, "Fenghuo-Attempt": str(n)}
    return Request("POST", url, headers, payload.data)
