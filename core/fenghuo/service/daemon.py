"""The daemon: builds everything in reading order, serves until told to stop, and drains.

Start: settings → store → rules and directory → engine → recovery → desk → doors → channels → ready.
Stop (reliability.md §7): refuse the new → let emissions reach a recorded state → close channels → close the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib
import importlib.metadata
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import structlog

from fenghuo.clock import SystemClock
from fenghuo.engine.office import Office
from fenghuo.engine.rules import RuleBook
from fenghuo.engine.timekeeping import keep_time
from fenghuo.errors import CannotCreate, ConfigError, LinkBusy, NotReady, SettingsError, StoreError, StoreInUse
from fenghuo.model.audit import SYSTEM
from fenghuo.model.directory import Directory
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service import logs
from fenghuo.service import settings as settings_module
from fenghuo.service.alarm_room import AlarmRoom, Looked
from fenghuo.service.audit import AuditKeeper
from fenghuo.service.break_glass import BreakGlass
from fenghuo.service.command_room import CommandRoom
from fenghuo.service.command_taken import TakingOver
from fenghuo.service.commands import Commands
from fenghuo.service.connected import watch_invariants
from fenghuo.service.control import ControlServer
from fenghuo.service.desk import Desk
from fenghuo.service.desk_audit import AuditVerbs
from fenghuo.service.desk_break_glass import BreakGlassVerbs
from fenghuo.service.desk_endpoint import EndpointVerbs
from fenghuo.service.desk_preview import PreviewVerbs
from fenghuo.service.desk_proven import ProvenVerbs
from fenghuo.service.desk_reads import screen_reads
from fenghuo.service.desk_sheets import SheetVerbs
from fenghuo.service.desk_state import TOPICS, About, StateVerbs
from fenghuo.service.desk_watch import join_watch
from fenghuo.service.directory import DirectoryKeeper
from fenghuo.service.endpoint import endpoint_directory
from fenghuo.service.engine_room import EngineRoom
from fenghuo.service.gauges import count_events, watch_room
from fenghuo.service.guard import Guard
from fenghuo.service.hosting import Hosting
from fenghuo.service.log_ring import LogRing, descriptor_of
from fenghuo.service.log_watch import LogWatch
from fenghuo.service.metrics import Metrics
from fenghuo.service.mode_profiles import load_profiles
from fenghuo.service.modes import ModeKeeper
from fenghuo.service.notify import Notify, watchdog_period_s
from fenghuo.service.people import People
from fenghuo.service.problems import exit_for, problem
from fenghuo.service.reload import Reloader, holders_of, take_directory, tell_rules
from fenghuo.service.rolls import RollKeeper
from fenghuo.service.settings import Settings
from fenghuo.service.spool import Spool
from fenghuo.service.tending import Tending, Work, log_fault
from fenghuo.service.uploads import UploadKeeper
from fenghuo.service.upward import Upward
from fenghuo.service.watchdog import Progress, Watchdog
from fenghuo.service.web import WebPort
from fenghuo.service.web_tls import WebTls
from fenghuo.store.audit import Deed
from fenghuo.store.scrub import scrub_daily
from fenghuo.store.store import Store

__all__ = ["Daemon", "serve", "version"]

DRAIN_S = 20.0
"""Longest wait for emissions in flight to reach a recorded state."""
CHANNEL_STOP_S = 5.0
GC_THRESHOLDS = (20_000, 20, 100)
"""A full collection walks over everything that is open, 150 ms at 25,000 messages, and finds next to nothing: our values have no cycles."""
SWITCH_S = 0.0002
"""The writer thread lets go of the interpreter at each statement; at the usual 5 ms it waited that long for it to come back."""
EXIT_SETTINGS, EXIT_BUG = 78, 70
SPOOL = "spool"

log = structlog.stdlib.get_logger("fenghuo.daemon")


def version() -> str:
    """The installed version, or "unpacked" when run from a folder without installation."""
    try:
        return importlib.metadata.version("fenghuo")
    except importlib.metadata.PackageNotFoundError:
        return "unpacked"


def serve(config: Path, *, exercise: bool = False) -> int:
    """Run the daemon until SIGTERM or SIGINT; the exit code of the process. `exercise`: no Actual traffic on any channel."""
    lines = LogRing(descriptor_of(sys.stderr), wall=time.time, monotonic=time.monotonic)
    lines.is_terminal = sys.stderr.isatty()
    logs.configure(lines)
    host = load_plugins()
    try:
        settings = settings_module.load(config, host)
        rules = settings_module.load_rules(settings)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(Daemon(settings, rules, host, lines, exercise=exercise).run())
    except SettingsError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return EXIT_SETTINGS
    except ConfigError as error:
        print(str(error), file=sys.stderr)
        return EXIT_SETTINGS
    except (StoreInUse, CannotCreate) as error:
        print(str(error), file=sys.stderr)
        return exit_for(problem(error).code)
    except (StoreError, LinkBusy) as error:
        print(str(error), file=sys.stderr)
        return EXIT_BUG


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it can be imported: twice the throughput; the stock loop works too."""
    with contextlib.suppress(ImportError):
        factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
        return factory
    return None


class Daemon:
    """Owns everything that lives as long as the process."""

    def __init__(self, settings: Settings, rules: RuleBook, host: PluginHost, lines: LogRing, *, exercise: bool = False) -> None:
        self._settings = settings
        self._lines = lines
        self._rules = rules
        self._host = host
        self._exercise = exercise
        self._clock = SystemClock(quality=settings.node.clock_quality)
        self._notify = Notify.from_environment()
        self._metrics = Metrics()
        self._alarms = AlarmRoom(settings.alarm_hook, node=settings.node.name)
        self._stop = asyncio.Event()
        self._code = 0
        self._tls: WebTls | None = None
        self._ready = False
        self._reloading: set[asyncio.Task[None]] = set()
        self._one_reload = asyncio.Lock()

    async def run(self) -> int:
        """Start, serve, drain; the exit code."""
        began = time.monotonic()
        node = self._settings.node
        self._store = await Store.open(node.state, clock=self._clock, node=node.name, settings=self._alarms.settings)
        try:
            await self._keep_time()
            await self._alarms.open(self._store, self._clock)
            office = Office(node=node.name, clock=self._clock, rules=self._rules, directory=Directory())
            room = EngineRoom(
                office, self._store, self._host.renderers, release_valid_s=self._settings.release_valid_s, on_fatal=self._fatal
            )
            room.release.is_apart = self._settings.two_hosts
            self._upward = Upward(room.board, self._store, self._clock)
            self._audit = AuditKeeper(self._store, self._clock, self._settings.audit_places)
            self._people = await People.of(self._settings.accounts, self._store, self._clock, node=node.name, duty=self._settings.duty)
            glass, duty = self._settings.break_glass, self._people.duty
            self._glass = await BreakGlass.of(glass, self._store, self._clock, intake=room.intake, duty=duty)
            keeper = DirectoryKeeper(office, room.facts, self._store, self._host)
            await self._fill(room, keeper)
            await self._live(room, self._desk(room, keeper), keeper, began=began)
        finally:
            await self._store.close()
        return self._code

    async def _keep_time(self) -> None:
        if not await keep_time(self._store, self._clock):
            says = "the wall clock is not believed; set it, and start again"
            log.error(says, off_s=round(self._clock.jump_s()), going_on_from=self._clock.time())

    async def _fill(self, room: EngineRoom, keeper: DirectoryKeeper) -> None:
        """Everything that the disk knows, before anything may happen."""
        settings = self._settings
        room.intake.default_expiry_s = settings.intake.default_expiry_h * 3600.0
        room.intake.max_pending = settings.intake.max_pending
        room.office.geocode_systems = settings.intake.geocode_systems
        room.office.availability, room.office.grants = settings.availability, settings.authority
        await keeper.load()
        self._rolls = RollKeeper(room.office, self._store, self._host)
        await self._rolls.load()
        await take_directory(settings, keeper, self._rolls)
        if settings.node.directory is None and settings.node.endpoint is not None:
            room.office.directory = endpoint_directory(settings.node.endpoint)
        self._hosting = Hosting(settings, self._host, room, exercise=self._exercise)
        self._hosting.roads = keeper.roads
        await self._hosting.add_channels(self._store)
        self._modes = ModeKeeper(room, self._store, await asyncio.to_thread(load_profiles, settings))
        await self._modes.load()
        self._command = CommandRoom(room, self._store, inventory=keeper.inventory, roads=keeper.roads, modes=self._modes)
        self._command.use(keeper.command_rules)
        await self._command.load()
        await room.recover()

    def _desk(self, room: EngineRoom, keeper: DirectoryKeeper) -> Desk:
        desk = Desk(self._audit.record)
        desk.commands = Commands(desk.do, self._store, self._clock)
        desk.hold(holders_of(self._settings))
        watch_room(self._metrics, room, self._store)
        self._hosting.watch(self._metrics)
        watch_invariants(room.invariants, self._metrics, self._store)
        self._command.join(desk, self._hosting.energy)
        preview = PreviewVerbs(desk, room.office, self._store, board=room.board, renderers=self._host.renderers)
        about = About(version(), self._clock.time(), lambda: self._ready, self._metrics.text, self._hosting.view)
        state = StateVerbs(room, self._store, keeper=keeper, host=self._host, about=about)
        proven = ProvenVerbs(room, self._store, self._command.messages.send)
        endpoint, sheets = EndpointVerbs(room, self._store, self._upward), SheetVerbs(room, self._store)  # without either it says so
        desk.add(screen_reads(desk, room, self._store, keeper.inventory))
        for one in (preview, state, AuditVerbs(self._audit, self._store), endpoint, sheets, proven):
            desk.add(one.verbs())
        state.topics.update(self._people.join(desk, room.office))
        glass = BreakGlassVerbs(self._glass, self._people.sessions)
        desk.add(glass.verbs())
        self._watch = join_watch(desk, room, self._store, self._settings.watch)
        state.topics |= {"break_glass": glass.topic, **self._watch.topics, "release": self._command.release.waiting}
        desk.list_topics = lambda: (*TOPICS, *state.topics)
        desk.guard = Guard(self._store, room.office)
        return desk

    async def _live(self, room: EngineRoom, desk: Desk, keeper: DirectoryKeeper, *, began: float) -> None:
        settings = self._settings
        web = await self._web_port()
        control = ControlServer(desk, self._store.events, path=settings.control_socket, log=log)
        engine = asyncio.create_task(room.loop.run(), name="the loop")
        engine.add_done_callback(self._ended)
        tending = Tending(self._store)
        tasks = [engine, *self._helpers(room, desk, tending)]
        try:
            await control.start()
            self._hosting.start(desk, self._store.events, web)
            if web is not None:
                await self._hosting.fronts_started()
                tasks += await self._open_web(web, tending)
            self._listen(room, desk, keeper)
            self._tell_ready(web, doubts=room.recovery.doubts, began=began)
            self._hosting.start_channels()
            tasks.append(tending.start("rules", partial(tell_rules, room, self._store)))
            await self._stop.wait()
        finally:
            self._ready = False
            self._stop.set()  # what ends from here on was told to
            await self._drain(room, control, web)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _web_port(self) -> WebPort | None:
        """The port, not open yet, with TLS where the settings name a certificate. Raises: ConfigError: it cannot be used."""
        listen, context = self._settings.web, None
        if listen is None:
            return None
        if listen.tls is not None:
            self._tls = WebTls(listen.tls, self._store, self._clock)
            await asyncio.to_thread(self._tls.load)
            context = self._tls.context
        return WebPort(listen, clock=self._clock, hosts=listen.hosts, tls=context)

    async def _open_web(self, web: WebPort, tending: Tending) -> list[asyncio.Task[None]]:
        """Open the web port, or go on without and try again: a node without its web port still delivers what it has."""
        try:
            await self._alarms.opened(web.start)
        except NotReady as refusal:
            sentence = str(refusal)
            log.error("web port not open yet", cause=sentence)
            await self._store.run(lambda tx: tx.event("alarm.web_port", "node", message=sentence))
            return [tending.start("web", partial(self._alarms.opened, web.start_late))]
        return []

    def _helpers(self, room: EngineRoom, desk: Desk, tending: Tending) -> list[asyncio.Task[None]]:
        """What runs beside the loop: the watchdog's feed, the event counter, the spool folder."""
        watchdog = Watchdog(self._notify, self._clock, status=lambda: f"{len(room.book.objectives)} objectives open")
        self._metrics.gauge("loop_lag_seconds", lambda: [({}, watchdog.lag_s)])
        watchdog.watch("loop", lambda: Progress(room.loop.turns, room.loop.has_work, 10.0))
        watchdog.watch("writer", lambda: Progress(*self._store.progress, 20.0))
        works: dict[str, Work] = {
            "watchdog": partial(watchdog.run, watchdog_period_s()),
            "events": partial(count_events, self._metrics, self._store.events, then=partial(self._look, room)),
            "logs": LogWatch(self._lines, self._store).run,
            "audit": self._audit.run,
            "sessions": self._people.sessions.tend,
            **self._watch.works,
            "auditor": room.auditor.run,
            **self._alarms.join(desk, Looked(room, self._hosting.power, self._lines, self._audit, self._command.coverage)),
            "incidents": self._command.watch.run,
            "rolls": self._rolls.run,
            "proven": room.proven.run,
            "scrub": partial(scrub_daily, self._store),
            "uploads": UploadKeeper(self._store, self._settings.intake.attachments_wait_h * 3600.0).run,
        }
        endpoint = self._settings.node.endpoint
        if endpoint is None or endpoint.has_rules:  # without rules of its own an endpoint has nothing to pass on
            works["upward"] = self._upward.run
        if self._tls is not None:
            works["tls"] = self._tls.tend
        if self._settings.duty.roles:
            works["duty"] = self._people.duty.tend
        if self._settings.break_glass.key:
            works["break-glass"] = self._glass.tend
        if (takeover := self._settings.takeover) is not None:
            works["takeover"] = TakingOver(self._store, room.office, takeover, self._hosting.taken_over).run
        if self._settings.intake.spool is not None:
            works[SPOOL] = Spool(self._settings.intake.spool, self._hosting.spooled(desk), source=SPOOL).run
        return [tending.start(name, work) for name, work in works.items()]

    def _look(self, room: EngineRoom) -> None:
        """Something has been told: whoever follows the health of channels looks at what it is by now."""
        room.look()
        self._command.coverage.look()
        self._modes.tell_devices()

    def _tell_ready(self, web: WebPort | None, *, doubts: int, began: float) -> None:
        sys.setswitchinterval(SWITCH_S)
        self._ready = True
        self._audit.record(Deed.of("start", "node", version=version()), SYSTEM)
        self._notify.ready("就绪")
        where = f", {web.says}" if web is not None else ""
        print(
            f"fenghuo {version()} ready in {time.monotonic() - began:.2f} s: node {self._settings.node.name}, "
            f"socket {self._settings.control_socket}{where}, {len(self._settings.channels)} channels, {doubts} in doubt",
            flush=True,
        )
        if web is not None and (greeting := self._people.greeting()):
            print(greeting, flush=True)
        gc.collect()  # 30 ms, which nobody has to wait for
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)

    async def _drain(self, room: EngineRoom, control: ControlServer, web: WebPort | None) -> None:
        """In this order: nothing new, then what is in flight, then silence on every channel.

        The control socket answers meanwhile: whoever submits is told to try again (75), and a person can see what is still going.
        """
        self._notify.stopping("正在停止")
        room.intake.is_open = False
        if web is not None:
            web.refuse()
        drained = self._clock.monotonic() + DRAIN_S
        await asyncio.gather(room.dispatcher.stop(drained), room.fan_outs.stop(drained))
        await room.prober.stop()
        self._modes.stop()
        room.outages.stop()
        await self._hosting.stop(self._clock.monotonic() + CHANNEL_STOP_S)
        await control.stop()
        if web is not None:
            await web.stop(self._clock.monotonic() + 2.0)
        if not self._code:
            room.loop.turn()
            await self._audit.stop()

    # Things that happen to the process.

    def _listen(self, room: EngineRoom, desk: Desk, keeper: DirectoryKeeper) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stop.set)

        def reload() -> None:
            task = loop.create_task(self._reload(room, desk, keeper), name="reload")
            self._reloading.add(task)
            task.add_done_callback(log_fault)
            task.add_done_callback(self._reloading.discard)

        loop.add_signal_handler(signal.SIGHUP, reload)

    async def _reload(self, room: EngineRoom, desk: Desk, keeper: DirectoryKeeper) -> None:
        async with self._one_reload:
            self._notify.reloading()
            reloader = Reloader(self._settings, self._host, room, desk=desk, audit=self._audit, store=self._store)
            reloader.use_profiles = self._modes.use
            reloader.use_command_rules = self._command.use
            is_taken = await reloader.reload(keeper, self._rolls, self._hosting.rearm)
            self._notify.ready("就绪" if is_taken else "就绪：新设置有误，沿用旧设置")

    def _fatal(self, error: BaseException) -> None:
        """The engine cannot go on: stop, and let the supervisor start it anew from the disk."""
        if not self._stop.is_set():
            log.error("the daemon stops", cause=str(error))
            self._code = EXIT_BUG
            self._stop.set()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Of the loop itself: nothing is planned or sent without it, and what it knew is on the disk."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("the loop ended", cause=repr(error), exc_info=error)
        self._fatal(error or RuntimeError("the loop came to an end by itself"))
