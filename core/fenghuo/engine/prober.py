"""Brings channels back that failures took down: a probe now and then, and only while a channel is DOWN.

A channel whose session came and went tells so itself; this is for the one that stayed connected and carried nothing.
"""

from __future__ import annotations

import asyncio
from functools import partial

import structlog

from fenghuo.engine.channels import ChannelBoard, Instance
from fenghuo.engine.facts import ChannelObserved, Facts
from fenghuo.engine.health import Sign
from fenghuo.engine.office import Office
from fenghuo.model.situation import Health
from fenghuo.plugin.ports import ProbeBudget

__all__ = ["Prober"]

# Decorrelated jitter between probes, 5 s to 5 min on IP (failover.md, Health of a channel).
SHORTEST_S, LONGEST_S = 5.0, 300.0
PROBE_LIMIT_S = 10.0
log = structlog.stdlib.get_logger("fenghuo.prober")


class Prober:
    """One task for each channel that is down, none when all are up."""

    def __init__(self, office: Office, facts: Facts, board: ChannelBoard) -> None:
        self._office = office
        self._facts = facts
        self._board = board
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def look(self) -> None:
        """Start a task for each channel that is down and has none; called after each change of health."""
        for instance in self._board:
            if instance.health.state is Health.DOWN and instance.name not in self._tasks:
                task = asyncio.get_running_loop().create_task(self._watch(instance), name=f"prober {instance.name}")
                self._tasks[instance.name] = task
                task.add_done_callback(partial(self._forget, instance.name))

    async def stop(self) -> None:
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, name: str, done: asyncio.Task[None]) -> None:
        self._tasks.pop(name, None)

    async def _watch(self, instance: Instance) -> None:
        wait_s = SHORTEST_S
        while instance.health.state is Health.DOWN:
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_S, self._office.chance.uniform(SHORTEST_S, wait_s * 3))
            channel = instance.channel()
            if channel is None or instance.health.state is not Health.DOWN:
                continue
            try:
                async with asyncio.timeout(PROBE_LIMIT_S):
                    result = await channel.probe(ProbeBudget(timeout_s=PROBE_LIMIT_S))
            except Exception as error:  # noqa: BLE001  # a plugin's bug in a question ends no questioning
                log.debug("probe failed", channel=instance.name, cause=str(error))
                continue
            if result.answered:
                self._facts.put(ChannelObserved(instance.name, Sign.LOCAL_UP, "probe answered"))
