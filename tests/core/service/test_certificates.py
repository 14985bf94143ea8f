"""A site's own CA, and what it signs: looked at by OpenSSL, which is not ours."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from fenghuo.errors import FormatError
from fenghuo.service import certificates
from fenghuo.service.certificates import Issued, describe, for_client, for_server, new_authority
from fenghuo.service.machine_names import addresses_in, machine_names
from tests.scale import PATIENCE_S

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
NAMES = ("fenghuo.taicang.example", "localhost", "10.1.1.5", "fd00::5")


async def verified(folder: Path, authority: Issued, issued: Issued, *how: str) -> str:
    """What `openssl verify` says at the time of these tests."""
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "one.pem").write_bytes(issued.certificate)
    words = ("verify", "-x509_strict", "-attime", f"{NOW.timestamp():.0f}", "-CAfile", str(folder / "ca.pem"), *how)
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec("openssl", *words, str(folder / "one.pem"), stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    async with asyncio.timeout(PATIENCE_S):
        said, _ = await run.communicate()
    return said.decode()


@pytest.mark.may_block("the test itself writes files")
async def test_openssl_takes_a_server_for_every_name_and_address_and_for_no_other(tmp_path: Path) -> None:
    """By the strict reading of RFC 5280; a client's is none of a server's."""
    authority = new_authority("taicang", NOW)
    server, client = for_server(authority, NAMES, NOW), for_client(authority, "zhang", NOW)
    for ask in (("-verify_hostname", NAMES[0]), ("-verify_ip", NAMES[2]), ("-verify_ip", NAMES[3])):
        assert ": OK" in await verified(tmp_path, authority, server, "-purpose", "sslserver", *ask)
    assert "hostname mismatch" in (await verified(tmp_path, authority, server, "-verify_hostname", "evil.example")).lower()
    assert ": OK" in await verified(tmp_path, authority, client, "-purpose", "sslclient")
    assert "unsuitable certificate purpose" in (await verified(tmp_path, authority, client, "-purpose", "sslserver")).lower()
    assert "error" in (await verified(tmp_path, new_authority("elsewhere", NOW), server)).lower()


def test_a_certificate_is_described_by_what_stands_in_it() -> None:
    """Names, addresses, whole days, and the SHA-256 by which a client's is pinned; what is none is refused in a sentence."""
    authority = new_authority("taicang", NOW)
    said = describe(for_server(authority, NAMES, NOW).certificate)
    assert ("Fenghuo taicang CA", set(NAMES), 397) == (said.issuer, set(said.names), said.days(NOW.timestamp()))
    assert -1 == said.days((NOW + timedelta(days=398)).timestamp())
    assert ssl.PEM_cert_to_DER_cert(authority.certificate.decode())
    with pytest.raises(FormatError, match=r"^this is no certificate in PEM"):
        describe(b"nothing")
    with pytest.raises(FormatError, match=r"^the CA ends on 2036-11-26, before what it would sign; make a new one"):
        for_server(authority, NAMES, NOW + timedelta(days=3500))


def test_what_a_browser_imports_opens_with_its_password_alone() -> None:
    """PKCS #12 with the CA in it."""
    authority = new_authority("taicang", NOW)
    packed = certificates.packed(for_client(authority, "zhang", NOW), authority, "zhang", "Tide-table 4711")
    with pytest.raises(ValueError, match="password"):
        pkcs12.load_key_and_certificates(packed, b"another")
    _, mine, more = pkcs12.load_key_and_certificates(packed, b"Tide-table 4711")
    assert (True, 1) == (mine is not None, len(more))


FIB = """Main:
  +-- 0.0.0.0/0 3 0 5
        |-- 10.1.1.5
           /32 host LOCAL
        |-- 10.1.1.255
           /32 link BROADCAST
           |-- 127.0.0.1
              /32 host LOCAL
        |-- 169.254.7.7
           /32 host LOCAL
"""
INET6 = """00000000000000000000000000000001 01 80 10 80       lo
fd000000000000000000000000000005 02 40 00 80     eth0
fe80000000000000000000000000abcd 02 40 20 80     eth0
"""


def test_the_addresses_of_a_machine_are_those_of_the_kernel() -> None:
    """Its own of both families, loopback first; no broadcast and nothing link-local. This very machine has its loopback."""
    assert ("127.0.0.1", "::1", "10.1.1.5", "fd00::5") == addresses_in(FIB, INET6)
    assert {"localhost", "127.0.0.1"} <= set(machine_names())
