"""The web port over TLS: what it serves, whom it knows by a certificate, and what it says before one ends."""

from __future__ import annotations

import asyncio
import hashlib
import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.errors import ConfigError
from fenghuo.model.alarm import Alarm, AlarmPriority
from fenghuo.model.traffic import Traffic
from fenghuo.service.certificates import Issued, for_client, for_server, new_authority
from fenghuo.service.settings_values import Listen, TlsFiles
from fenghuo.service.web import SECURITY_HEADERS, STRICT, WebPort
from fenghuo.service.web_tls import WebTls
from fenghuo.store.tables import ALARM, EVENT
from tests.core.service.test_web import parse_head
from tests.core.store.rows import StillClock, open_store
from tests.scale import PATIENCE_S

DAY = 86_400.0
TODAY = datetime.now(UTC).replace(microsecond=0)

pytestmark = pytest.mark.may_block("certificates and keys are files")


class Site:
    """A CA with a server's certificate, as `fenghuo cert init` leaves them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = new_authority("taicang", TODAY)
        self.files = TlsFiles(folder / "server.pem", folder / "server.key", folder / "ca.pem")
        self.put("ca.pem", self.authority.certificate)
        self.serve(for_server(self.authority, ("localhost", "127.0.0.1"), TODAY))

    def put(self, name: str, octets: bytes) -> Path:
        (self.folder / name).write_bytes(octets)
        return self.folder / name

    def serve(self, issued: Issued) -> None:
        self.issued = issued
        for file, octets in ((self.files.certificate, issued.certificate), (self.files.key, issued.key)):
            file.write_bytes(octets)
            os.utime(file, ns=(0, time.monotonic_ns()))  # two writes within one tick of the file system are two

    def client(self, issued: Issued | None = None, **limits: ssl.TLSVersion) -> ssl.SSLContext:
        """A client that trusts this CA and no other, with a certificate of its own where it has one."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.pem"))
        for name, version in limits.items():
            setattr(context, name, version)
        if issued is not None:
            context.load_cert_chain(self.put("mine.pem", issued.certificate + issued.key))
        return context


async def telling(scope: Any, receive: Any, send: Any) -> None:
    """A front that answers with who the client is."""
    body = msgspec.json.encode([scope["scheme"], scope.get("extensions", {}).get("tls", {})])
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[Site, WebPort, WebTls, Any]]:
    """A port over TLS before a store, on a clock that the test moves."""
    site = Site(folder)
    clock = StillClock(TODAY.timestamp())
    store = await open_store(folder / "state")
    tls = WebTls(site.files, store, clock)
    tls.load()
    web = WebPort(Listen("127.0.0.1", 0), clock=clock, tls=tls.context)
    web.mount("/", telling)
    await web.start()
    try:
        yield site, web, tls, (clock, store)
    finally:
        await web.stop(time.monotonic() + 2)
        await store.close()


async def ask(web: WebPort, context: ssl.SSLContext) -> tuple[dict[str, str], Any, str]:
    """Headers, what the front says, and the SHA-256 of the certificate that the port has shown."""
    host, _, port = web.address.rpartition(":")
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
        try:
            shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            writer.write(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
            status, headers = parse_head(await reader.readuntil(b"\r\n\r\n"))
            body = await reader.readexactly(int(headers["content-length"]))
        finally:
            writer.close()
    assert 200 == status
    return headers, msgspec.json.decode(body), hashlib.sha256(shown).hexdigest()


def digest(issued: Issued) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(issued.certificate.decode())).hexdigest()


async def test_the_port_speaks_tls_1_2_and_1_3_and_knows_a_client_by_its_certificate(tmp_path: Path) -> None:
    """Nothing older; one without a certificate is served, one whose certificate another CA has signed is not; every answer says that only
    https will do."""
    async with serving(tmp_path) as (site, web, _, _):
        assert f"https://{web.address}" == web.url
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            headers, said, _ = await ask(web, site.client(maximum_version=version, minimum_version=version))
            assert ["https", {}] == said
            assert {name.decode(): value.decode() for name, value in (*SECURITY_HEADERS, STRICT)}.items() <= headers.items()
        meter = for_client(site.authority, "meter", TODAY)
        _, said, _ = await ask(web, site.client(meter))
        assert ["https", {"client_certificate_sha256": digest(meter)}] == said
        stranger = for_client(new_authority("elsewhere", TODAY), "meter", TODAY)
        with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
            await ask(web, site.client(stranger))
        with pytest.raises(ssl.SSLCertVerificationError):
            await ask(web, ssl.create_default_context())


async def test_what_was_renewed_is_served_without_a_restart_and_what_cannot_be_used_is_not(tmp_path: Path) -> None:
    """A pair that does not fit leaves the port with the one before, and a person is told once."""
    async with serving(tmp_path) as (site, web, tls, (_, store)):
        new = for_server(site.authority, ("localhost", "127.0.0.1"), TODAY)
        site.serve(new)
        await tls.look()
        assert digest(new) == (await ask(web, site.client()))[2]
        site.serve(Issued(for_server(site.authority, ("127.0.0.1",), TODAY).certificate, new.key))
        for _ in range(2):
            await tls.look()
        assert digest(new) == (await ask(web, site.client()))[2]
        (alarm,) = await store.find(EVENT, "type = 'alarm.certificate'")
        assert "certificate and private_key_file must be a PEM pair" in msgspec.json.decode(alarm.body)["message"]
        site.serve(new)
        await tls.look()
        assert 1 == len(await store.find(EVENT, "type = 'certificate.renewed'"))


async def test_an_end_is_told_a_month_and_a_week_before_and_when_it_is_there(tmp_path: Path) -> None:
    """Once each; and once that a new one is good again."""
    async with serving(tmp_path) as (site, _, tls, (clock, store)):
        for days in (366, 368, 369, 391, 392, 398):
            clock.now = TODAY.timestamp() + days * DAY
            await tls.look()
        told = [msgspec.json.decode(row.body)["days"] for row in await store.find(EVENT, "type = 'alarm.certificate' ORDER BY seq")]
        assert [29, 6, -1] == told
        site.serve(for_server(site.authority, ("localhost",), datetime.fromtimestamp(clock.now, UTC)))
        await tls.look()
        assert 1 == len(await store.find(EVENT, "type = 'certificate.renewed'"))


async def test_what_was_renewed_while_nobody_was_here_ends_the_alarm_of_before_the_start(tmp_path: Path) -> None:
    """Seen at the first look, once; a certificate that was never about to end is told by nobody."""
    async with serving(tmp_path) as (site, _, tls, (clock, store)):
        await tls.look()
        await store.run(
            lambda tx: tx.insert(ALARM, Alarm(1, "alarm.certificate", "web", Traffic.ACTUAL, AlarmPriority.MEDIUM, 1.0, 1.0, 1))
        )
        await tls.look()
        assert [] == await store.find(EVENT, "type LIKE '%certificate%'")
        started = WebTls(site.files, store, clock)
        started.load()
        for _ in range(2):
            await started.look()
        assert ["certificate.renewed"] == [row.type for row in await store.find(EVENT, "type LIKE '%certificate%'")]


def test_files_that_cannot_be_used_are_a_sentence(tmp_path: Path) -> None:
    """At the start, with what to do."""
    site = Site(tmp_path)
    site.put("server.pem", b"nothing")
    with pytest.raises(ConfigError, match=r"cannot be used: this is no certificate in PEM.*; fenghuo cert init makes one$"):
        WebTls(site.files, None, StillClock()).load()  # type: ignore[arg-type]  # nothing is told before the port is open
