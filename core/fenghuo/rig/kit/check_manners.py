"""Checks of manners: what a channel leaves behind, blocks, shows or blames. Bronze; and of what a text may hold. Silver."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import unicodedata
from pathlib import Path

import structlog

from fenghuo.errors import FenghuoError, FormatError
from fenghuo.model.delivery import Outcome, Permanent, Reached, Scope
from fenghuo.plugin.conformance import FAR_END, ConformancePeer
from fenghuo.plugin.context import HostedChannelContext
from fenghuo.plugin.ports import Capabilities, Channel, ProbeBudget
from fenghuo.rig.kit.bench import Bench, Broken
from fenghuo.rig.kit.check import Check
from fenghuo.rig.kit.grades import Grade
from fenghuo.rig.kit.job import LoneJob
from fenghuo.rig.kit.line import State
from fenghuo.rig.kit.sentinel import code_of, watching

__all__ = ["CHECKS"]

TEXT = "请各值班员到岗并回复"
QUIET_S = 1.0
GRACE_S = 2.0
STOP_S = 2.0
TRIES = 6
"""Bad numbers in a row: more than any health would forgive a channel."""
TOO_LONG = ("火" * 100_000, "火" * 30_000)
"""Longer than what any narrow channel takes; the second for forms that cannot even say the first."""
TEXTS = (
    "〇㐀𠮷镇①号闸，℃≥37.5，请“立即”撤离",
    "FLOOD {A} [1] €5 ~ | ^ \\ call 13800138000",
    "转移 transfer ١٢٣ Übung, ñandú, Ω",
    "注意⚠🌊海浪🇨🇳",
)
DESCRIPTORS = Path("/proc/self/fd")


async def bad_number(bench: Bench) -> None:
    if not bench.address(bench.bad):
        raise Broken("the far end names no bad address")
    await bench.up()
    for _ in range(TRIES):
        job = LoneJob(bench, TEXT, to=bench.bad)
        outcome = await bench.life.made[-1].send(job)
        if not isinstance(outcome, Permanent) or outcome.scope is not Scope.RECIPIENT:
            raise Broken(f"a bad address is told as {outcome!r}; it is Permanent(recipient)")
    orders = [await bench.order(TEXT, to=bench.bad) for _ in range(TRIES)]
    for order in orders:
        await bench.until(lambda order=order: _has_failed(bench, order), "an order to a bad address fails")  # type: ignore[misc]
    if bench.life.state != "up":
        raise Broken(f"{TRIES} bad addresses made the channel {bench.life.state}")
    await bench.ended(await bench.order(TEXT))


async def _has_failed(bench: Bench, order: str) -> bool:
    return (await bench.delivery(order)).state == "FAILED"


async def silence(bench: Bench) -> None:
    await bench.up()
    channel = bench.life.made[-1]
    await bench.ended(await bench.order(TEXT))
    loop = asyncio.get_running_loop()
    began = loop.time()
    await channel.stop(began + STOP_S)
    await channel.stop(began + STOP_S)
    if loop.time() - began > STOP_S + QUIET_S:
        raise Broken(f"stop() took {loop.time() - began:.1f} s; its deadline was {STOP_S:g}")
    await bench.life.stop()
    await bench.pause(QUIET_S)
    heard, dialled = bench.line.heard, bench.line.dialled
    job = LoneJob(bench, TEXT, to=1)
    try:
        outcome = await channel.send(job)
    except FenghuoError as refused:
        outcome = None
        bench.note(f"send() after stop(): {refused!r}")
    await bench.pause(QUIET_S)
    if isinstance(outcome, Reached) or job.is_granted or (bench.line.heard, bench.line.dialled) != (heard, dialled):
        raise Broken(f"after stop() it still speaks: {outcome!r}, {bench.line.heard - heard} octets, licences {job.begun}")
    if bench.line.connections:
        raise Broken(f"after stop() {bench.line.connections} connections are open")


async def leaves_nothing(bench: Bench) -> None:
    await bench.life.stop()
    await _once(bench, 0)  # what is made once and kept for good (imports, resolvers) is made here
    await bench.pause(QUIET_S)
    before = _possessions()
    for number in range(3):
        await _once(bench, number + 1)
    end = asyncio.get_running_loop().time() + GRACE_S * bench.patience
    while (left := _possessions() - before) and asyncio.get_running_loop().time() < end:
        await bench.pause(0.05)
    if left:
        raise Broken(f"three starts and stops left behind: {', '.join(sorted(left))}")


async def _once(bench: Bench, to: int) -> None:
    channel = _made(bench)
    await channel.start()
    await channel.send(LoneJob(bench, TEXT, to=to))
    await channel.stop(asyncio.get_running_loop().time() + STOP_S)


def _possessions() -> set[str]:
    """Tasks, threads and descriptors of this process, by name; the far end's own tasks are its own."""
    ours = [task for task in asyncio.all_tasks() if not task.get_name().startswith(FAR_END)]
    tasks = {f"task {id(task):x} {task.get_name()} {task.get_coro()!r}" for task in ours}
    # The loop keeps a few threads of its own for whoever asks (asyncio_0 and on), and begins another when all are busy.
    threads = {f"thread {thread.name}" for thread in threading.enumerate() if not thread.name.startswith("asyncio_")}
    found = set()
    for entry in os.listdir(DESCRIPTORS):
        try:
            found.add(f"descriptor {entry} {os.readlink(DESCRIPTORS / entry)}")
        except OSError:  # the descriptor of the listing itself is gone by now
            continue
    return tasks | threads | found


async def blocks_nothing(bench: Bench) -> None:
    with watching(code_of(bench.subject.kind.factory.__module__)) as noted:
        await bench.kill()
        await bench.live()
        await bench.up()
        await bench.ended(await bench.order(TEXT))
        await bench.line.drop()
        await bench.ended(await bench.order(TEXT, to=1))
        await _probed(bench.life.made[-1])
        await bench.life.stop()
    if noted:
        raise Broken(f"it blocks the loop: {'; '.join(sorted(set(noted)))}")


async def _probed(channel: Channel) -> str:
    try:
        return repr(await channel.probe(ProbeBudget(timeout_s=1.0)))
    except FenghuoError as down:
        return repr(down)


async def keeps_secrets(bench: Bench) -> None:
    ear = _Ear()
    logging.getLogger().addHandler(ear)
    # Whatever level the process logs at: a secret in a debug line is one too.
    usual = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET))
    try:
        with structlog.testing.capture_logs() as lines:
            words = await _everything_it_says(bench)
    finally:
        structlog.configure(wrapper_class=usual)
        logging.getLogger().removeHandler(ear)
    said = [*words, *map(repr, lines), *ear.lines]
    for path, secret in bench.peer.secrets.items():
        shown = [line for line in said if secret in line]
        if shown:
            raise Broken(f"the secret of {path!r} is shown: {shown[0][:200].replace(secret, '…')}")


async def _everything_it_says(bench: Bench) -> list[str]:
    """In good days and bad: what a log, a console or a traceback would show."""
    await bench.kill()
    await bench.live()
    await bench.up()
    await bench.ended(await bench.order(TEXT))
    words = [await _probed(bench.life.made[-1])]
    await bench.line.set(State.REFUSED)
    await bench.order(TEXT, to=1)
    await bench.pause(QUIET_S)
    words.append(await _probed(bench.life.made[-1]))
    stranger = _made(bench)
    try:
        await stranger.start()
    except FenghuoError as refused:
        words += [repr(refused), str(refused), *map(repr, filter(None, (refused.__cause__, refused.__context__)))]
    await stranger.stop(asyncio.get_running_loop().time() + STOP_S)
    channels = [stranger, *bench.life.made]
    words += [*map(repr, channels), *(repr(vars(channel)) for channel in channels if hasattr(channel, "__dict__"))]
    return [*words, repr(bench.life.health), repr(bench.life.watch.sent), repr(bench.life.watch.raised), repr(bench.settings)]


class _Ear(logging.Handler):
    """Keeps every line of the standard log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


def _made(bench: Bench) -> Channel:
    """A channel of this kind outside of any life."""
    secrets = dict(bench.peer.secrets)
    loop = asyncio.get_running_loop()
    context = HostedChannelContext(
        "alone",
        bench.settings,
        bench.life.clock,
        lambda path: secrets[path],
        lambda up, reason: bench.note(f"{loop.time()}: {up} {reason}"),
        open_link=lambda: bench.memory,
    )
    return bench.subject.kind.factory(context)


async def too_long(bench: Bench) -> None:
    await bench.up()
    for text in TOO_LONG:
        try:
            job = LoneJob(bench, text)
        except FormatError as unsaid:  # what the form cannot say never comes to the channel
            bench.note(str(unsaid))
        else:
            await _is_too_long(bench, text, await bench.life.made[-1].send(job))
            break
    await bench.ended(await bench.order(TEXT, to=1))


async def _is_too_long(bench: Bench, text: str, outcome: Outcome) -> None:
    if isinstance(outcome, Reached):
        await bench.until(lambda: text in _read(bench, 0), "what was taken in spite of its length arrives whole")
    elif not isinstance(outcome, Permanent) or outcome.scope is not Scope.MESSAGE:
        raise Broken(f"{len(text)} characters are told as {outcome!r}; it is Permanent(message)")
    elif bench.fragments():
        raise Broken(f"{len(text)} characters are too long, and {len(bench.fragments())} fragments of them left")


async def any_text(bench: Bench) -> None:
    await bench.up()
    for to, text in enumerate(TEXTS):
        await bench.ended(await bench.order(text, to=to))
        if _bare(text) not in _read(bench, to):
            raise Broken(f"{text!r} arrived as {[arrival.text for arrival in bench.fragments(to)]}")


def _read(bench: Bench, to: int) -> str:
    return _bare("".join(arrival.text for arrival in bench.fragments(to)))


def _bare(text: str) -> str:
    """Without the spaces, which a cut may swallow, in one normal form."""
    return "".join(unicodedata.normalize("NFC", text).split())


def _has_addresses(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "everybody is told in one place" if peer.is_local else ""


def _has_words(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "it carries no words" if peer.is_wordless else ""


def _has_secrets(capabilities: Capabilities, peer: ConformancePeer) -> str:
    return "" if peer.secrets else "this channel has no secret"


CHECKS = (
    Check("a bad number is not a dead channel", Grade.BRONZE, bad_number, _has_addresses),
    Check("stop means silence", Grade.BRONZE, silence),
    Check("no task, thread or descriptor is left behind", Grade.BRONZE, leaves_nothing, is_alone=True),
    Check("no call blocks the loop", Grade.BRONZE, blocks_nothing, is_alone=True),
    Check("secrets are never shown", Grade.BRONZE, keeps_secrets, _has_secrets, is_alone=True),
    Check("a text that is too long is its own failure", Grade.SILVER, too_long, _has_words),
    Check("every text arrives as it was written", Grade.SILVER, any_text, _has_words),
)
