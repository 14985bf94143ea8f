"""What every test is held to: nothing blocks the loop, nothing is left behind, nothing waits for ever."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import inspect
import os
import threading
import time
from collections.abc import AsyncIterator, Generator, Iterator
from functools import cache
from pathlib import Path

import pytest
import structlog
from blockbuster import BlockBuster, blockbuster_ctx
from hypothesis import HealthCheck
from hypothesis import settings as examples

from tests.scale import TIMEOUT_SCALE

PRODUCT = (
    "fenghuo",
    "fenghuo_adapters",
    "fenghuo_sms",
    "fenghuo_narrowband",
    "fenghuo_http",
    "fenghuo_console",
    "fenghuo_mqtt",
    "fenghuo_vsat",
)

# How long a thread, task or descriptor may take to go away after a test before it counts as left behind.
# Shorter and a loaded machine cries wolf; longer and a leaky suite takes minutes to say so.
GRACE_S = 5.0 * TIMEOUT_SCALE

# What is left is mostly a thread in its last millisecond, so it is looked at again soon, then less often. Whatever needs the collector
# (a file in a cycle) is still there after that; a collection costs as much processor as fifty small tests.
LOOK_AGAIN_S = (0.001, 0.002, 0.004, 0.008, 0.02)

# A generated example is judged by what it shows and never by how long a busy machine took over it.
examples.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("unhurried")

DESCRIPTORS = Path("/proc/self/fd")


# A limit says how long a test may take on an idle machine; one that hangs is ended after so many times that. A limit of its own for
# each wait tells more and tells it sooner, and a machine that compiles something beside the tests is no fault of theirs.
ENDED_AFTER = 3.0

# Limits from here on are of tests that take tens of seconds.
LONG_S = 120.0


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Stretch the time limit of a test by the constants."""
    if config.option.timeout is None:
        config.option.timeout = float(config.getini("timeout") or 20) * ENDED_AFTER * TIMEOUT_SCALE
    _log_plainly()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """The thousands of tests live to the end: no collection walks over them, neither while they are made nor in any test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest limits first, so that no process waits at the end for another's long test; what else has a limit of its own mostly
    waits for others, and is strewn among those that compute, so that the processor has work all the time. Otherwise as shuffled."""
    limited = sorted((item for item in items if _limit_s(item)), key=_limit_s, reverse=True)
    longest = [item for item in limited if _limit_s(item) >= LONG_S]
    items[:] = longest + _strewn(limited[len(longest) :], [item for item in items if not _limit_s(item)])
    for item in limited:
        item.add_marker(pytest.mark.timeout(_limit_s(item) * ENDED_AFTER * TIMEOUT_SCALE), append=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A test that is over its limit has failed, also where the exception that should have ended it came out in a task that nobody asks."""
    began = time.monotonic()
    result = yield
    limit_s = _limit_s(item) or item.config.option.timeout
    # The limit counts from before the fixtures.
    if time.monotonic() - began > 0.9 * limit_s:
        pytest.fail(f"passed, but not within its {limit_s:.0f} s: what should have ended it was swallowed on the way", pytrace=False)
    return result


def _strewn(few: list[pytest.Item], many: list[pytest.Item]) -> list[pytest.Item]:
    """The few at equal distances among the first four fifths of the many."""
    distance = max(1, len(many) * 4 // 5 // max(1, len(few)))
    order: list[pytest.Item] = []
    for place, item in enumerate(few):
        order += [item, *many[place * distance : (place + 1) * distance]]
    return order + many[len(few) * distance :]


def _limit_s(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0


def _log_plainly() -> None:
    """As structlog does by default, but for the picture it draws of an exception with colours and variables: 0.4 s of processor."""
    *before, _ = structlog.get_config()["processors"]
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*before, renderer])


@pytest.fixture(autouse=True)
def _loop_is_never_blocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """Product code that blocks the event loop fails the test; what the test itself does is its own affair."""
    if not _is_async(request.node) or request.node.get_closest_marker("may_block"):
        yield
        return
    with blockbuster_ctx(_present()) as guard:
        _allow_import(guard)
        yield


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """A thread, task, socket or file that outlives its test fails it."""
    if request.node.get_closest_marker("may_leak"):
        yield
        return
    threads = set(threading.enumerate())
    descriptors = _open_descriptors()
    yield
    left = _wait_until_gone(threads, descriptors)
    if left:
        pytest.fail("left behind: " + ", ".join(left), pytrace=False)


@pytest.fixture(autouse=True)
def _no_task_outlives_its_test(request: pytest.FixtureRequest, _nothing_is_left_behind: None) -> None:
    """Named after the fixture above so that the loop is opened after its count and closed before it counts again."""
    if _is_async(request.node) and not request.node.get_closest_marker("may_leak"):
        request.getfixturevalue("_no_task_is_left_behind")


@pytest.fixture
async def _no_task_is_left_behind() -> AsyncIterator[None]:
    """A task that is still running when its test and its fixtures are done has no owner."""
    yield
    mine = asyncio.current_task()
    deadline = time.monotonic() + GRACE_S
    while (left := [task for task in asyncio.all_tasks() if task is not mine]) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    if left:
        pytest.fail("left behind: " + ", ".join(repr(task) for task in left), pytrace=False)


def _is_async(item: pytest.Item) -> bool:
    return inspect.iscoroutinefunction(getattr(item, "obj", None)) or hasattr(getattr(item, "obj", None), "hypothesis")


@cache
def _present() -> tuple[str, ...]:
    """The packages of the product that are installed here and have code."""
    return tuple(name for name in PRODUCT if (spec := importlib.util.find_spec(name)) is not None and spec.origin is not None)


def _allow_import(guard: BlockBuster) -> None:
    """An import may read its file: late imports happen once, at the start of a channel, before it carries anything."""
    for function in guard.functions.values():
        function.can_block_in("<frozen importlib._bootstrap>", {"_find_and_load"})


def _open_descriptors() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in os.listdir(DESCRIPTORS):
        try:
            found[entry] = os.readlink(DESCRIPTORS / entry)
        except OSError:  # the descriptor of the listing itself is gone by now
            continue
    return found


def _wait_until_gone(threads: set[threading.Thread], descriptors: dict[str, str]) -> list[str]:
    deadline = time.monotonic() + GRACE_S
    pauses = iter(LOOK_AGAIN_S)
    while left := _left(threads, descriptors):
        if time.monotonic() >= deadline:
            return left
        pause_s = next(pauses, LOOK_AGAIN_S[-1])
        if pause_s == LOOK_AGAIN_S[-1]:
            gc.collect()
        time.sleep(pause_s)
    return []


def _left(threads: set[threading.Thread], descriptors: dict[str, str]) -> list[str]:
    new_threads = [f"thread {thread.name}" for thread in threading.enumerate() if thread not in threads]
    now = _open_descriptors()
    new_descriptors = [f"descriptor {number} ({target})" for number, target in now.items() if descriptors.get(number) != target]
    return new_threads + new_descriptors
