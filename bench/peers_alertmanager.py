"""prometheus-alertmanager as a yardstick: alerts in by its API, out by its webhook, each alert a group of its own. It syncs nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from bench.ports import free_port, until_open
from bench.pump import HttpClient, Sink, Volley, fire

__all__ = ["Alertmanager"]

CONFIG = """route: {{receiver: sink, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 24h}}
receivers:
  - name: sink
    webhook_configs: [{{url: 'http://127.0.0.1:{port}/', send_resolved: false}}]
"""


class Alertmanager:
    """One process on a free port, stopped by its pid."""

    name = "alertmanager"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sink = Sink()
        self._client: HttpClient | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        await self._sink.start()
        config = self._folder / "alertmanager.yml"
        config.write_text(CONFIG.format(port=self._sink.port))
        port = free_port()
        with (self._folder / "log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                "prometheus-alertmanager",
                f"--config.file={config}",
                f"--storage.path={self._folder}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                "--log.level=error",
                stdout=log,
                stderr=log,
            )
        await until_open(port, 30)
        self._client = HttpClient(port)

    async def volley(self, first: int, count: int, *, in_flight: int, rate: float = 0.0) -> Volley:
        return await fire(self._send, self._sink.got, first=first, count=count, in_flight=in_flight, rate=rate)

    async def stop(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        self._sink.stop()

    async def _send(self, number: int) -> bool:
        assert self._client is not None
        alert = {"labels": {"alertname": "fire", "id": f"fh{number}x"}, "annotations": {"text": "x" * 800}, "generatorURL": "http://a/b"}
        return await self._client.post("/api/v2/alerts", msgspec.json.encode([alert])) == 200
