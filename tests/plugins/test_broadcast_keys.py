"""Where our key is makes no difference to a channel: a key provider that a plugin brings signs, here OpenSSL with a key that this process
never reads, and OpenSSL verifies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fenghuo import AuthFailed, ConfigError, KeyProvider, PluginInfo, Signer, hookimpl
from fenghuo.plugin.host import load_plugins
from fenghuo.plugin.signing import signer_of
from fenghuo_adapters.ebd_framing import unpack
from fenghuo_adapters.ebd_sm2 import public_key
from fenghuo_broadcast.ebd import Sent
from fenghuo_broadcast.platform_signing import Sealing
from fenghuo_broadcast.signature import read_stamp
from tests.adapters.test_ebd_sm2 import OPTIONS, as_der, of_der, openssl, pair
from tests.plugins.broadcast_fakes import FakeContext, settings_for, signed

__all__ = ["pair"]

ENVELOPE = "010103331124000000010000000000000000"


class Device:
    """A token with one slot: it takes digests and a PIN, and its key stays in its own folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.signed = 0

    @property
    def public_key(self) -> bytes:
        return public_key((self._folder / "pub.pem").read_text()).point

    async def sign(self, digest: bytes) -> bytes:
        self.signed += 1
        given, made = self._folder / "digest", self._folder / "made"
        await asyncio.to_thread(given.write_bytes, digest)
        await asyncio.to_thread(openssl, "pkeyutl", "-sign", "-inkey", self._folder / "key.pem", "-in", given, "-out", made)
        return of_der(await asyncio.to_thread(made.read_bytes))


def ukey(device: Device) -> ModuleType:
    """The plugin of its maker."""
    plugin = ModuleType("maker_ukey")

    async def open_slot(key: str, secret: Callable[[str], str]) -> Signer:
        if key != "slot-1" or secret("pin") != "1234":
            raise ConfigError("there is no such slot, or the PIN is wrong")
        return device

    def fenghuo_plugin() -> PluginInfo:
        return PluginInfo("maker-ukey", "1.0")

    def fenghuo_key_providers() -> list[KeyProvider]:
        return [KeyProvider("ukey", open_slot)]

    plugin.fenghuo_plugin, plugin.fenghuo_key_providers = hookimpl(fenghuo_plugin), hookimpl(fenghuo_key_providers)  # type: ignore[attr-defined]  # a module made here
    return plugin


def at_device(**more: str) -> dict[str, Any]:
    return {**signed(), "key_file": "", "key_provider": "ukey", "key": "slot-1", **more}


async def test_a_device_signs_without_a_line_of_the_channel_changed(pair: Path, tmp_path: Path) -> None:
    """It is asked once for a packet, for the digest alone; what is in the packet OpenSSL verifies over the envelope."""
    device = Device(pair)
    host = load_plugins([ukey(device)])
    assert () == host.faults
    secrets = {"pin": "1234", "platform.pub": (pair / "pub.pem").read_text()}
    ctx = FakeContext(settings_for(8080, **at_device()), secrets, providers=tuple(host.key_providers.values()))
    sealing = Sealing(ctx.settings)
    await sealing.open(ctx.hosted())
    packet = unpack(await sealing.seal(Sent(ENVELOPE, b"<EBD/>"), 1_795_514_700.0))
    (tmp_path / "signed").write_bytes(packet.envelope)
    (tmp_path / "signature").write_bytes(as_der(read_stamp(packet.signature).signature))
    await asyncio.to_thread(
        openssl, "dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "signature", tmp_path / "signed"
    )
    assert 1 == device.signed


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("hsm", "slot-1"), "no plugin brings the key provider 'hsm'; there is ukey"),
        (("ukey", "slot-9"), "the key slot-9 of the provider ukey cannot be used: there is no such slot, or the PIN is wrong"),
    ],
)
async def test_a_key_that_is_not_there_is_a_sentence(pair: Path, asked: tuple[str, str], says: str) -> None:
    """It names the provider and the key, and nothing of the key itself."""
    host = load_plugins([ukey(Device(pair))])
    with pytest.raises(AuthFailed) as told:
        await signer_of(host.key_providers, {"pin": "1234"}.__getitem__, *asked)
    assert says == str(told.value)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"key": ""}, "key is empty; packets are signed and verified"),
        ({"key_file": "centre.pem"}, "key_file is set, and key_provider = 'ukey' takes key; take away one of them"),
        ({"key_provider": "file"}, "key_file is empty; packets are signed and verified"),
        ({"peer_key_file": ""}, "peer_key_file is empty; packets are signed and verified"),
    ],
)
def test_settings_that_name_no_key_or_two_are_refused(wrong: dict[str, str], says: str) -> None:
    """In a sentence that says which to give."""
    with pytest.raises(ValueError, match=says):
        settings_for(8080, **at_device(**wrong))
