"""The channel to an emergency broadcast platform, at a simulated one in a process of its own that shares no code with it."""

from __future__ import annotations

import asyncio
import base64
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from lxml import etree

import fenghuo_broadcast
from fenghuo import (
    AttemptRef,
    AuthFailed,
    Evidence,
    LinkError,
    NotReady,
    Outcome,
    Permanent,
    Reached,
    Scope,
    Transient,
)
from fenghuo.model.message import Message
from fenghuo.model.traffic import Action, Priority, Traffic
from fenghuo_broadcast.platform_outcomes import WENT_NOWHERE
from tests.adapters.test_ebd_sm2 import pair
from tests.peers.platform_simulator import Happened, PlatformSimulator
from tests.plugins.broadcast_fakes import CENTRE, TOWN, FakeContext, FakeJob, FullNotes, Listening, settings_for, signed
from tests.plugins.broadcast_values import alert
from tests.scale import PATIENCE_S

pytestmark = pytest.mark.peer
__all__ = ["pair"]

NOBODY = "010233110000009999"


@pytest.fixture
async def platform() -> AsyncIterator[PlatformSimulator]:
    async with PlatformSimulator() as simulator:
        yield simulator


@pytest.fixture
def door(unused_tcp_port: int) -> int:
    return unused_tcp_port


def level_of(outcome: Outcome) -> Evidence:
    assert isinstance(outcome, Reached), outcome
    return outcome.level


def newer(message: Message) -> Message:
    """The next revision."""
    return msgspec.structs.replace(message, revision=message.revision + 1)


async def started(it: Listening, platform: PlatformSimulator, **changes: object) -> Happened:
    """Something sounds."""
    before = len(platform.lines)
    outcome = await it.channel.send(FakeJob(alert(**changes)))  # type: ignore[arg-type]
    assert Evidence.ACCEPTED == level_of(outcome)
    return await platform.wait("start", after=before)


async def test_a_signed_start_is_opened_by_tar_and_verified_by_openssl(pair: Path, door: int, tmp_path: Path) -> None:
    """Packet by `tar`, XML by the schema, signature by OpenSSL in the platform; what its terminal reports, signed, is DEVICE."""
    keys = {"centre.pem": (pair / "key.pem").read_text(), "platform.pub": (pair / "pub.pem").read_text()}
    async with (
        PlatformSimulator(key=pair / "key.pem", peer_key=pair / "pub.pem") as platform,
        Listening(FakeContext(settings_for(platform.port, door, **signed()), keys)) as it,
    ):
        start = await started(it, platform)
        assert (TOWN, CENTRE, "1", "331102103000") == (start.dest, start.source, start.severity, start.areas)
        (tmp_path / "packet.tar").write_bytes(base64.b64decode(start.packet))
        await asyncio.to_thread(subprocess.run, ["tar", "-xf", "packet.tar"], cwd=tmp_path, check=True)
        (envelope,) = tmp_path.glob("EBDB_*.xml")
        assert (tmp_path / f"EBDS_{envelope.name}").is_file()
        schema = Path(fenghuo_broadcast.__file__).with_name("ebd.xsd")
        etree.XMLSchema(file=str(schema)).assertValid(etree.parse(str(envelope)))
        unsigned = await platform.report(f"http://127.0.0.1:{door}/", start, 3, terminal=True, unsigned=True)
        assert ("4", []) == (unsigned.code, it.inbound)
        answered = await platform.report(f"http://127.0.0.1:{door}/", start, 3, terminal=True)
        assert ("1", [(start.ebmid, Evidence.DEVICE)]) == (answered.code, [(one.ref, one.level) for one in it.inbound])


async def test_a_platform_that_cannot_verify_us_is_not_ready(pair: Path, tmp_path: Path) -> None:
    """Its heartbeat answer says 4: nothing would sound."""
    stranger = tmp_path / "stranger.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "SM2", "-out", str(stranger)], check=True, capture_output=True)
    keys = {"centre.pem": stranger.read_text(), "platform.pub": (pair / "pub.pem").read_text()}
    async with PlatformSimulator(key=pair / "key.pem", peer_key=pair / "pub.pem") as platform:
        it = Listening(FakeContext(settings_for(platform.port, **signed()), keys))
        with pytest.raises(NotReady, match="refuses our heartbeat: 4 签名失败"):
            await it.channel.start()
        await it.channel.stop(0.0)


async def test_a_key_file_without_a_key_is_told(platform: PlatformSimulator) -> None:
    """By its name, and without what stands in it."""
    it = Listening(FakeContext(settings_for(platform.port, **signed()), {"centre.pem": "s3cret"}))
    with pytest.raises(
        AuthFailed, match=r"the key centre\.pem of the provider file cannot be used: it must hold an SM2 private key"
    ) as told:
        await it.channel.start()
    assert "s3cret" not in str(told.value)
    await it.channel.stop(0.0)


async def test_a_cancel_stops_what_sounds(platform: PlatformSimulator, door: int) -> None:
    """Everything that was started of the message at that address, and nothing else; the platform's word that it is off is AIRED. How soon,
    test_stops.py shows on virtual time."""
    async with Listening(FakeContext(settings_for(platform.port, door))) as it:
        start = await started(it, platform)
        stopped = await it.channel.send(FakeJob(alert(action=Action.CANCEL)))
        await platform.wait("silent", ebmid=start.ebmid)
        assert isinstance(stopped, Reached)
        await platform.report(f"http://127.0.0.1:{door}/", start, 5)
        assert [(stopped.refs[0], Evidence.AIRED, None)] == [(one.ref, one.level, one.failure) for one in it.inbound]
        assert [start.ebmid] == [line.stops for line in platform.of("stop")]


@pytest.mark.parametrize("report", [{"code": 4}, {"code": 3, "terminal": True}, {"code": 3}, {"code": 5}])
async def test_no_report_makes_a_cancel_do_nothing(platform: PlatformSimulator, door: int, report: dict[str, object]) -> None:
    """A broadcast that failed in part sounds in the other part; and nothing but the word about our own stop is AIRED of it."""
    async with Listening(FakeContext(settings_for(platform.port, door, terminal_reports=True))) as it:
        start = await started(it, platform)
        await platform.report(f"http://127.0.0.1:{door}/", start, **report)  # type: ignore[arg-type]
        cancel = FakeJob(alert(action=Action.CANCEL))
        assert Evidence.ACCEPTED == level_of(await it.channel.send(cancel))
        assert [start.ebmid] == [line.stops for line in platform.of("stop")]
        await platform.report(f"http://127.0.0.1:{door}/", start, 5)
        assert Evidence.AIRED == level_of(await it.channel.send(cancel))
        assert 1 == len(platform.of("stop"))


async def test_a_stop_in_doubt_is_said_again_unless_the_platform_says_that_it_is_off(platform: PlatformSimulator, door: int) -> None:
    """Neither "done" nor "never had it" is a word about the stop."""
    async with Listening(FakeContext(settings_for(platform.port, door, absent_codes=(5,)))) as it:
        start, cancel = await started(it, platform), FakeJob(alert(action=Action.CANCEL))
        await platform.report(f"http://127.0.0.1:{door}/", start, 3)
        await it.channel.send(cancel)
        assert Transient(Scope.RECIPIENT, "still-sounds", 0.0) == await it.channel.query(AttemptRef(cancel.token, 1, TOWN))


async def test_what_another_process_started_is_stopped_by_the_next(platform: PlatformSimulator) -> None:
    """Its number stands in the notes; a cancel whose stop got no answer asks for the same stop again."""
    context = FakeContext(settings_for(platform.port))
    async with Listening(context) as it:
        start = await started(it, platform)
    cancel = FakeJob(alert(action=Action.CANCEL))
    async with Listening(FakeContext(context.settings, notes=context.notes)) as it:
        for _ in range(2):
            assert isinstance(await it.channel.send(cancel), Reached)
        assert [start.ebmid] * 2 == [line.stops for line in platform.of("stop")]
        assert 1 == len({line.ebmid for line in platform.of("stop")})


async def test_nothing_was_started_so_nothing_is_stopped(platform: PlatformSimulator) -> None:
    """A person hears that; a stop of everything by zeros is not in our power."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        assert Permanent(Scope.RECIPIENT, "nothing-to-stop") == await it.channel.send(FakeJob(alert(action=Action.CANCEL)))
    assert [] == platform.of("stop")


async def test_one_delivery_sounds_once_however_often_it_is_sent(platform: PlatformSimulator) -> None:
    """Also by another process: the platform knows the number again."""
    context, job = FakeContext(settings_for(platform.port)), FakeJob(alert(), token="delivery-1")
    for _ in range(2):
        async with Listening(FakeContext(context.settings, notes=context.notes)) as it:
            await it.channel.send(job)
    assert [1, 1] == [len(platform.of("start")), len(platform.of("again"))]
    assert platform.of("start")[0].ebmid == platform.of("again")[0].ebmid


async def test_a_start_that_could_not_be_noted_leaves_only_when_it_is(platform: PlatformSimulator) -> None:
    """The next process knows whatever sounds, so that a Cancel finds it and nothing starts twice."""
    notes, job = FullNotes(), FakeJob(alert(), token="delivery-1")
    context = FakeContext(settings_for(platform.port), notes=notes)
    async with Listening(context) as it:
        notes.is_full = True
        for _ in range(2):
            assert Transient(Scope.CHANNEL, "not-noted") == await it.channel.send(job)
        assert [] == platform.of("start")
        notes.is_full = False
        assert Evidence.ACCEPTED == level_of(await it.channel.send(job))
    async with Listening(FakeContext(context.settings, notes=notes)) as it:
        assert Evidence.ACCEPTED == level_of(await it.channel.query(AttemptRef(job.token, 1, TOWN)))
        assert isinstance(await it.channel.send(FakeJob(alert(action=Action.CANCEL))), Reached)
    assert [line.ebmid for line in platform.of("start")] == [line.stops for line in platform.of("stop")]
    assert 1 == len(platform.of("start"))


async def test_the_platform_is_asked_what_became_of_it(platform: PlatformSimulator, door: int) -> None:
    """What never left is known from the notes alone; what it has never had is sent again only where its answer says so."""
    async with Listening(FakeContext(settings_for(platform.port, door, absent_codes=(5,)))) as it:
        assert WENT_NOWHERE == await it.channel.query(AttemptRef(FakeJob(alert()).token, 1, TOWN))
        job = FakeJob(alert())
        await it.channel.send(job)
        start = await platform.wait("start")
        assert Evidence.ACCEPTED == level_of(await it.channel.query(AttemptRef(job.token, 1, TOWN)))
        await platform.report(f"http://127.0.0.1:{door}/", start, 3)
        assert Evidence.AIRED == level_of(await it.channel.query(AttemptRef(job.token, 1, TOWN)))


async def test_a_platform_that_does_not_answer_leaves_the_doubt() -> None:
    """Nobody guesses for a loud device."""
    async with PlatformSimulator() as platform:
        it = Listening(FakeContext(settings_for(platform.port, query_s=0.2)))
        await it.channel.start()
        job = FakeJob(alert())
        await it.channel.send(job)
    with pytest.raises(LinkError):
        await it.channel.query(AttemptRef(job.token, 1, TOWN))
    await it.channel.stop(0.0)


async def test_the_more_severe_sounds_and_the_other_waits(platform: PlatformSimulator) -> None:
    """Red passes yellow in its area; the platform decides that by the severity that we send."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        yellow = await started(it, platform, colour="Yellow", headline="台风黄色预警")
        red = await started(it, platform)
        assert 1 == (await platform.wait("silent", ebmid=yellow.ebmid)).why
        await platform.wait("sounds", ebmid=red.ebmid)


async def test_an_update_ends_what_it_replaces(platform: PlatformSimulator) -> None:
    """Two texts about one danger never sound side by side."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        first = await started(it, platform)
        update = FakeJob(newer(alert(action=Action.UPDATE, headline="台风红色预警更新")))
        assert Evidence.ACCEPTED == level_of(await it.channel.send(update))
        second = await platform.wait("start", after=platform.lines.index(first) + 1)
        lines = [line.what for line in platform.lines if line.ebmid in (first.ebmid, second.ebmid) or line.stops == first.ebmid]
        assert ["start", "sounds", "stop", "silent", "start", "sounds"] == lines


async def test_a_day_without_numbers_leaves_what_sounds_and_stops_it_all_the_same(platform: PlatformSimulator) -> None:
    """An Update that gets no number must not silence what it replaces; a Cancel gets one of those that are kept."""
    context, full = FakeContext(settings_for(platform.port)), Permanent(Scope.CHANNEL, "no-numbers-left-today")
    async with Listening(context) as it:
        start = await started(it, platform)
    count = (await context.notes.recall()).values["count"]
    await context.notes.keep({"count": f"{count[:8]}9499"})
    async with Listening(FakeContext(context.settings, notes=context.notes)) as it:
        assert full == await it.channel.send(FakeJob(newer(alert(action=Action.UPDATE, headline="台风红色预警更新"))))
        assert [] == platform.of("stop")
        assert isinstance(await it.channel.send(FakeJob(alert(action=Action.CANCEL))), Reached)
        assert [start.ebmid] == [line.stops for line in platform.of("stop")]


async def test_unarmed_it_starts_nothing_and_stops_all_the_same(platform: PlatformSimulator) -> None:
    """The switch is off after an install; what was started before it was switched off can be stopped."""
    context = FakeContext(settings_for(platform.port))
    async with Listening(context) as it:
        start = await started(it, platform)
    unarmed = settings_for(platform.port, armed=None)
    async with Listening(FakeContext(unarmed, notes=context.notes)) as it:
        assert Permanent(Scope.RECIPIENT, "not-armed") == await it.channel.send(FakeJob(alert()))
        assert isinstance(await it.channel.send(FakeJob(alert(action=Action.CANCEL))), Reached)
    assert [[start], [start.ebmid]] == [platform.of("start"), [line.stops for line in platform.of("stop")]]


async def test_a_quiet_hour_keeps_a_yellow_alert_for_the_morning(platform: PlatformSimulator) -> None:
    """Not red, and not a stop; an exercise waits whatever its colour."""
    always = ("00:00-12:00", "12:00-00:00")
    async with Listening(FakeContext(settings_for(platform.port, quiet_hours=always))) as it:
        start = await started(it, platform)
        for waiting in (alert(colour="Yellow", headline="黄色"), alert(traffic=Traffic.EXERCISE)):
            outcome = await it.channel.send(FakeJob(waiting, priority=Priority.P2))
            assert isinstance(outcome, Transient)
            assert "quiet-hours" == outcome.code
        assert isinstance(await it.channel.send(FakeJob(alert(action=Action.CANCEL))), Reached)
    assert [start] == platform.of("start")


@pytest.mark.parametrize(
    ("report", "code", "heard"),
    [
        ({"code": 3}, "1", [Evidence.AIRED]),
        ({"code": 3, "log": True}, "1", [Evidence.AIRED]),
        ({"code": 3, "terminal": True}, "1", [Evidence.AIRED]),
        ({"code": 2}, "1", [Evidence.ACCEPTED]),
        ({"code": 2, "source": NOBODY}, "5", []),
        ({"code": 2, "source": "010233110000000077"}, "1", [Evidence.AIRED]),
        ({"code": 4}, "1", [Permanent(Scope.RECIPIENT, "broadcast-failed")]),
        ({"code": 5}, "1", [Permanent(Scope.RECIPIENT, "broadcast-cancelled")]),
    ],
)
async def test_a_report_shows_what_it_shows(
    platform: PlatformSimulator, door: int, report: dict[str, object], code: str, heard: list[object]
) -> None:
    """A terminal's word is no more than AIRED unless the settings say that such are passed on; a monitor that hears it is AIRED."""
    settings = settings_for(platform.port, door, monitors=("010233110000000077",))
    async with Listening(FakeContext(settings)) as it:
        start = await started(it, platform)
        answered = await platform.report(f"http://127.0.0.1:{door}/", start, **report)  # type: ignore[arg-type]
        assert (code, heard) == (answered.code, [one.level if one.failure is None else one.failure for one in it.inbound])


async def test_what_the_core_does_not_keep_is_said_again(platform: PlatformSimulator, door: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform hears "not handled yet" as long as no commit stands behind it."""
    monkeypatch.setattr("fenghuo_broadcast.platform_reports.KEPT_S", 0.2)
    it = Listening(FakeContext(settings_for(platform.port, door)))
    await it.channel.start()
    start = await started(it, platform)
    assert "0" == (await platform.report(f"http://127.0.0.1:{door}/", start, 3)).code
    await it.channel.stop(0.0)


async def test_a_bad_address_costs_its_recipient_alone(platform: PlatformSimulator) -> None:
    """A code of the other form is one too: it would name nobody."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        for address in ("", "0105", "4" + TOWN + "0000"):
            job = FakeJob(alert(), address=address)
            assert Permanent(Scope.RECIPIENT, "not-a-resource-code") == await it.channel.send(job)
            assert 0 == job.begun


async def test_a_message_without_a_code_of_its_event_needs_one_from_the_settings(platform: PlatformSimulator) -> None:
    """Nobody invents what kind of event it is."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        assert Permanent(Scope.MESSAGE, "no-event-type") == await it.channel.send(FakeJob(alert(event_codes=())))
    async with Listening(FakeContext(settings_for(platform.port, event_type="11A00"))) as it:
        assert Evidence.ACCEPTED == level_of(await it.channel.send(FakeJob(alert(event_codes=()))))


async def test_a_text_that_xml_has_no_room_for_is_the_messages_fault(platform: PlatformSimulator) -> None:
    """A control character is not left out in silence."""
    async with Listening(FakeContext(settings_for(platform.port))) as it:
        assert Permanent(Scope.MESSAGE, "no-xml") == await it.channel.send(FakeJob(alert(description="撤离\x01立即")))
    assert [] == platform.of("start")


async def test_a_silent_heartbeat_takes_the_channel_out(platform: PlatformSimulator) -> None:
    """Before anything urgent finds it out."""
    it = Listening(FakeContext(settings_for(platform.port, heartbeat_s=0.05, connect_s=0.5)))
    async with it:
        await platform.end()
        async with asyncio.timeout(PATIENCE_S):
            while not it.context.told:
                await asyncio.sleep(0.02)
    assert it.context.told[0][0] is False
