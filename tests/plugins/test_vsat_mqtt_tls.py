"""MQTT by a satellite's interface to a broker that asks everybody who they are: a real mosquitto, behind the interface of loopback."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from fenghuo import NotReady, Reached
from fenghuo_vsat import MqttSettings
from fenghuo_vsat.mqtt_channel import VsatMqtt
from fenghuo_vsat.secrets import faults
from tests.peers.mosquitto import Mosquitto, Reader
from tests.plugins.mqtt_fakes import Authority
from tests.plugins.vsat_fakes import FakeContext, FakeJob

pytestmark = pytest.mark.peer

RULES = """
user hq
topic write fenghuo/hq/out/#
topic read fenghuo/hq/receipt/+
topic read fenghuo/hq/answer/+

user van1
topic read fenghuo/hq/out/van1
"""
CERTIFIED: dict[str, Any] = {"ca_file": "ca", "cert_file": "cert", "key_file": "key"}


def settings_of(port: int = 8883, **more: Any) -> MqttSettings:
    base: dict[str, Any] = {"host": "127.0.0.1", "port": port, "node": "hq", "interface": "lo", "reconnect_most_s": 0.3, "ca_file": "ca"}
    return MqttSettings(**(base | more))


async def test_a_broker_that_requires_certificates_gets_ours_by_the_satellite(tmp_path: Path) -> None:
    """With it we are who its name says, and its access rules let us publish; without one it shuts the door, and the sentence says what may
    be missing."""
    county = Authority(tmp_path)
    county.issue("localhost")
    county.issue("van1")
    certificate, key = county.issue("hq")
    files = {"ca": county.pem, "cert": certificate, "key": key}
    (tmp_path / "acl").write_text(RULES)
    listener = (
        f"cafile {tmp_path}/county.pem",
        f"certfile {tmp_path}/localhost.crt",
        f"keyfile {tmp_path}/localhost.key",
        "require_certificate true",
        "use_identity_as_username true",
    )
    van1 = ("--cafile", f"{tmp_path}/county.pem", "--cert", f"{tmp_path}/van1.crt", "--key", f"{tmp_path}/van1.key")
    async with (
        Mosquitto(tmp_path, settings=(f"acl_file {tmp_path}/acl",), listener=listener, anonymous=False) as broker,
        Reader(broker, "fenghuo/hq/out/van1", name="van1", options=van1) as van,
    ):
        with pytest.raises(NotReady, match="it may want a certificate of ours"):
            await VsatMqtt(FakeContext(settings_of(broker.port), secrets=files)).start()
        channel = VsatMqtt(FakeContext(settings_of(broker.port, **CERTIFIED), secrets=files))
        await channel.start()
        try:
            assert isinstance(await channel.send(FakeJob("van1")), Reached)
            await van.until(lambda: bool(van.read), "it is read")
        finally:
            await channel.stop(time.monotonic() + 1)


def test_certificates_that_cannot_work_are_found_before_the_start(tmp_path: Path) -> None:
    """By the names of the two keys, and nothing is opened; one without the other is refused with the settings."""
    county = Authority(tmp_path)
    files = {"ca": county.pem, "cert": county.issue("hq")[0], "key": county.issue("van1")[1]}
    found = faults(settings_of(**CERTIFIED), files.__getitem__)
    assert ["cert_file"] == list(found)
    assert "and key_file do not belong together" in found["cert_file"]
    with pytest.raises(ValueError, match="cert_file and key_file go together; one of them is empty"):
        settings_of(cert_file="cert")
    with pytest.raises(ValueError, match="plain = true goes without TLS, and cert_file or key_file is set"):
        settings_of(ca_file="", plain=True, cert_file="cert", key_file="key")
