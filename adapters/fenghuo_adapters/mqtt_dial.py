"""A TCP connection to a broker, bound to an address or an interface where that is asked for, under TLS where that is set: without a thread.

The MQTT library dials in a thread that nobody can cancel; here every step waits on the loop, so that stop() ends it at once.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable

import msgspec

from fenghuo.errors import ConfigError, LinkBroken, LinkTimeout

__all__ = ["Place", "dial", "tls_context"]


class Place(msgspec.Struct, frozen=True):
    """Where a broker is and by which way it is reached. `address`: our own IP address to dial from, empty for any; `device`: the network
    interface that must carry it (SO_BINDTODEVICE, which wants CAP_NET_RAW), empty for any; `unanswered_s`: octets that no acknowledgement
    of TCP came for break the connection then, whatever TCP itself would wait."""

    host: str
    port: int
    address: str = ""
    device: str = ""
    unanswered_s: float = 10.0

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" + (f" by {self.device or self.address}" if self.device or self.address else "")


async def dial(place: Place, tls: ssl.SSLContext | None, *, within_s: float) -> socket.socket:
    """An open socket that never blocks. Raises: LinkBroken, LinkTimeout."""
    try:
        async with asyncio.timeout(within_s):
            plain = await _connected(place)
            return plain if tls is None else await _secured(plain, tls, place.host)
    except TimeoutError as late:
        raise LinkTimeout(f"{place} did not take the connection within {within_s:g} s") from late
    except ssl.SSLError as refused:
        raise LinkBroken(f"{place} and TLS: {refused.reason or refused}{_verified(refused)}") from refused
    except OSError as broken:
        raise LinkBroken(f"{place} cannot be reached: {broken.strerror or broken}") from broken


def tls_context(anchors: str, certificate: str = "", key: str = "") -> ssl.SSLContext:
    """TLS that trusts these anchors alone and shows this certificate, all as PEM. The key touches no disk.

    Raises: ConfigError, whose sentence goes on after the name of the file at fault.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=anchors)
    except (ssl.SSLError, ValueError) as unusable:
        raise ConfigError("holds no certificate; it must hold one or more as PEM, from -----BEGIN CERTIFICATE----- on") from unusable
    if certificate:
        _show(context, certificate, key)
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL takes a chain from a file alone; this one lies in memory and has no name.
    held = os.memfd_create("tls", os.MFD_CLOEXEC)
    try:
        os.write(held, f"{certificate}\n{key}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{held}", password=lambda: "")
    except (ssl.SSLError, ValueError) as unusable:
        said = "do not belong together, or one of them is no PEM; the key must be unencrypted and belong to the certificate"
        raise ConfigError(said) from unusable
    finally:
        os.close(held)


def _verified(refused: ssl.SSLError) -> str:
    return f" ({refused.verify_message})" if isinstance(refused, ssl.SSLCertVerificationError) else ""


async def _connected(place: Place) -> socket.socket:
    """The first address of the host that takes the connection."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    failed: OSError = OSError(f"{place.host} has no address")
    for family, kind, protocol, _, address in found:
        plain = socket.socket(family, kind, protocol)
        try:
            _prepare(plain, place)
            await loop.sock_connect(plain, address)
        except OSError as error:
            plain.close()
            failed = error
        except BaseException:
            plain.close()
            raise
        else:
            return plain
    raise failed


def _prepare(plain: socket.socket, place: Place) -> None:
    plain.setblocking(False)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # an order shall not wait for the acknowledgement of the one before
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, max(1, round(place.unanswered_s * 1000)))
    if place.device:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, place.device.encode() + b"\0")
    if place.address:
        plain.bind((place.address, 0))


async def _secured(plain: socket.socket, tls: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    """The handshake, waiting for the socket and never in it."""
    try:
        secured = tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise
    loop = asyncio.get_running_loop()
    try:
        while True:
            try:
                secured.do_handshake()
                return secured
            except ssl.SSLWantReadError:
                await _until_ready(secured.fileno(), loop.add_reader, loop.remove_reader)
            except ssl.SSLWantWriteError:
                await _until_ready(secured.fileno(), loop.add_writer, loop.remove_writer)
    except BaseException:
        secured.close()
        raise


async def _until_ready(number: int, watch: Callable[..., None], leave: Callable[[int], bool]) -> None:
    ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    watch(number, wake)
    try:
        await ready
    finally:
        leave(number)
