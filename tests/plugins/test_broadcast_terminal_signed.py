"""Who is believed on a terminal line: signed reports and answers, and a terminal for itself alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from fenghuo import AttemptRef, Evidence, Reached, Unknown
from fenghuo.model.traffic import Action
from fenghuo_adapters.broadcast_terminal_framing import ANSWER, REQUEST, Frame, Seal, bcd
from fenghuo_adapters.ebd_sm2 import private_key
from fenghuo_broadcast.conformance_terminal import CLOSE, OPEN, REPORT
from tests.adapters.test_ebd_sm2 import OPTIONS, as_der, openssl, pair
from tests.plugins.broadcast_fakes import FakeContext, FakeJob
from tests.plugins.broadcast_values import NOW, alert
from tests.plugins.test_broadcast_terminal import CENTRE, OTHER, TERMINAL, Sounding, adapter, heard_of, living, settings_for
from tests.scale import PATIENCE_S

__all__ = ["adapter", "pair"]


async def test_only_a_signed_report_is_believed_and_openssl_verifies_our_commands(pair: Path, adapter: Sounding, tmp_path: Path) -> None:
    """A stranger's report, or one without a seal, confirms nothing."""
    keys = {"centre.pem": (pair / "key.pem").read_text(), "terminals.pub": (pair / "pub.pem").read_text()}
    signing = {"unsigned": False, "key_file": "centre.pem", "peer_key_file": "terminals.pub", "certificate": "000000003363"}
    async with living(FakeContext(settings_for(adapter, **signing), keys)) as (channel, heard):
        await channel.send(FakeJob(alert(), address=TERMINAL))
        sent = adapter.frames[0]
        assert sent.seal is not None
        (tmp_path / "covered").write_bytes(sent.covered)
        (tmp_path / "seal").write_bytes(as_der(sent.seal.octets))
        verify = ("dgst", *OPTIONS, "-verify", pair / "pub.pem", "-signature", tmp_path / "seal", tmp_path / "covered")
        await asyncio.to_thread(openssl, *verify)
        report = Frame(1, REQUEST, TERMINAL, (CENTRE,), REPORT, bcd(adapter.arrivals[0].ref) + b"\1")
        stranger = private_key("11" * 32)
        for key in (None, stranger, private_key(keys["centre.pem"])):
            assert [] == heard
            adapter.report(adapter.sealed(report, key))
        assert [Evidence.DEVICE] == [one.level for one in await heard_of(heard)]


async def test_a_flood_of_forged_reports_delays_no_stop(pair: Path, adapter: Sounding) -> None:
    """The answer to a stop stands behind them on the line, and is heard before they are judged."""
    private = (pair / "key.pem").read_text()
    keys = {"centre.pem": private, "terminals.pub": (pair / "pub.pem").read_text()}
    signing = {"unsigned": False, "key_file": "centre.pem", "peer_key_file": "terminals.pub", "certificate": "000000003363"}
    forged = Seal(int(NOW), "000000003363", bytes(range(64)))
    async with living(FakeContext(settings_for(adapter, **signing), keys)) as (channel, _):
        await channel.send(FakeJob(alert(), address=TERMINAL))
        number = adapter.arrivals[0].ref
        for session in range(2000):
            adapter.report(Frame(session, REQUEST, TERMINAL, (CENTRE,), REPORT, bcd(number) + b"\2", seal=forged))
        assert isinstance(await channel.send(FakeJob(alert(action=Action.CANCEL), address=TERMINAL)), Reached)
        assert [number] == adapter.of(CLOSE)


async def test_only_a_signed_answer_to_a_question_is_believed(pair: Path, adapter: Sounding) -> None:
    """What anybody on the line could say is no evidence, and an empty answer no permission to start it again."""
    private = (pair / "key.pem").read_text()
    keys = {"centre.pem": private, "terminals.pub": (pair / "pub.pem").read_text()}
    signing = {"unsigned": False, "key_file": "centre.pem", "peer_key_file": "terminals.pub", "certificate": "000000003363"}
    async with living(FakeContext(settings_for(adapter, **signing), keys)) as (channel, _):
        job = FakeJob(alert(), address=TERMINAL)
        await channel.send(job)
        ref = AttemptRef(job.token, 1, TERMINAL)
        adapter.is_done(adapter.arrivals[0].ref)
        assert Unknown("not-believed") == await channel.query(ref)
        adapter.key = private_key(private)
        answer = await channel.query(ref)
        assert isinstance(answer, Reached)
        assert Evidence.DEVICE == answer.level
        adapter.key = None
        adapter.forget()
        assert Unknown("not-believed") == await channel.query(ref)


async def test_a_terminal_speaks_for_itself(adapter: Sounding) -> None:
    """What another one reports or answers is nothing to this one's delivery; it is answered, so that it ends."""
    async with living(FakeContext(settings_for(adapter))) as (channel, heard):
        job = FakeJob(alert(), address=TERMINAL)
        await channel.send(job)
        number = bcd(adapter.arrivals[0].ref)
        adapter.report(Frame(77, REQUEST, OTHER, (CENTRE,), REPORT, number + b"\1"))
        adapter.report(Frame(78, REQUEST, TERMINAL, (CENTRE,), REPORT, number + b"\2"))
        assert [Evidence.ACCEPTED] == [one.level for one in await heard_of(heard)]
        async with asyncio.timeout(PATIENCE_S):
            while {77, 78} > {frame.session for frame in adapter.frames if frame.kind == ANSWER}:
                await asyncio.sleep(0.01)
        adapter.answers_as = OTHER
        assert Unknown("not-believed") == await channel.query(AttemptRef(job.token, 1, TERMINAL))


async def test_a_stop_that_overtakes_its_start_is_said_again(pair: Path, adapter: Sounding) -> None:
    """Each is signed beside the loop, and either may be done first: the last word about a broadcast is the stop."""
    keys = {"centre.pem": (pair / "key.pem").read_text(), "terminals.pub": (pair / "pub.pem").read_text()}
    signing = {"unsigned": False, "key_file": "centre.pem", "peer_key_file": "terminals.pub", "certificate": "000000003363"}
    context = FakeContext(settings_for(adapter, **signing), keys)
    async with living(context) as (channel, _):
        starting = asyncio.create_task(channel.send(FakeJob(alert(), address=TERMINAL)))
        while not any(name.startswith("play ") for name in (await context.notes.recall()).values):
            await asyncio.sleep(0)
        assert isinstance(await channel.send(FakeJob(alert(action=Action.CANCEL), address=TERMINAL)), Reached)
        assert isinstance(await starting, Reached)
        assert (CLOSE, 1) == (adapter.frames[-1].operation, len(adapter.of(OPEN)))
