"""A text by an MQTT broker and its picture by HTTP behind it: what the device read and what the server of pictures got."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest

from fenghuo import Evidence, Reached
from fenghuo.plugin.commons import Commons
from fenghuo_vsat import HttpSettings, MqttSettings, mqtt_capabilities
from fenghuo_vsat.http_channel import VsatHttp
from fenghuo_vsat.mqtt_channel import VsatMqtt
from tests.peers.mosquitto import Mosquitto, Reader
from tests.plugins.test_vsat_ways import until
from tests.plugins.tus_fakes import FakeBlobs, job_with, picture_of, upload_site
from tests.plugins.vsat_fakes import FakeContext

pytestmark = pytest.mark.peer

OCTETS = random.Random(3).randbytes(5_000)
PICTURE = picture_of(OCTETS)


async def test_a_broker_gets_the_text_and_a_way_of_the_same_share_brings_the_picture(tmp_path: Path) -> None:
    """While there is no such way an operator reads that the picture waits; it is nobody's, and goes as soon as there is one."""
    commons = Commons()
    async with upload_site() as site, Mosquitto(tmp_path) as broker, Reader(broker, "fenghuo/hq/out/#", name="device") as device:
        place: dict[str, Any] = {"host": "127.0.0.1", "port": broker.port, "node": "hq", "plain": True, "source": "127.0.0.1"}
        settings = MqttSettings(**place, attachments_share="sz")
        assert (True, False) == tuple(mqtt_capabilities(one).attachments for one in (settings, MqttSettings(**place)))
        mqtt = VsatMqtt(FakeContext(settings, name="beam", commons=commons))
        await mqtt.start()
        assert "" == mqtt.remark()
        sent = await mqtt.send(job_with("van1", PICTURE))
        assert isinstance(sent, Reached)
        assert Evidence.ACCEPTED is sent.level
        await device.until(lambda: bool(device.read), "the text is read")
        assert "no vsat.http of the share 'sz' is there to bring what goes with the texts" == mqtt.remark()
        http = HttpSettings(source="127.0.0.1", attachments=f"{site.url}/files", attachments_share="sz", attachment_chunk_octets=1024)
        ctx = FakeContext(http, name="lte", commons=commons)
        ctx.blobs = FakeBlobs({PICTURE.digest: OCTETS})
        lte = VsatHttp(ctx)
        await lte.start()
        await until(lambda: bool(site.whole))
        assert (OCTETS, "") == (site.whole[0], mqtt.remark())
        for channel in (mqtt, lte):
            await channel.stop(time.monotonic() + 5)
