"""prometheus-alertmanager as a yardstick: alerts in by its API, out by its webhook, each alert a group of its own. It syncs nothing."""

from __future__ import annotations

import asyncio
from typing import IO

from bench.http_subject import HttpSubject
from bench.ports import free_port, until_open

__all__ = ["Alertmanager"]

CONFIG = """route: {{receiver: sink, group_by: ['...'], group_wait: 0s, group_interval: 1s, repeat_interval: 24h}}
receivers:
  - name: sink
    webhook_configs: [{{url: 'http://127.0.0.1:{port}/', send_resolved: false}}]
"""


class Alertmanager(HttpSubject):
    """One process on a free port."""

    name = "alertmanager"

    async def _started(self, log: IO[bytes]) -> int:
        config = self._folder / "alertmanager.yml"
        config.write_text(CONFIG.format(port=self._sink.port))
        port = free_port()
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
        return port

    async def _send(self, number: int) -> bool:
        alert = {"labels": {"alertname": "fire", "id": f"fh{number}x"}, "annotations": {"text": "x" * 800}, "generatorURL": "http://a/b"}
        return await self._post("/api/v2/alerts", [alert]) == 200
