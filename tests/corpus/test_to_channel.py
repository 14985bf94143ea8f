"""Real alerts on their whole way: in by HTTP, signed by two, through the running daemon, out to a real SMS centre, judged there."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from fenghuo.formats.decode import decode
from fenghuo.model.message import Content, Info
from fenghuo.model.traffic import Action
from tests.corpus.restamping import restamped, with_fact
from tests.e2e.node import Node, Person, sms
from tests.peers.smsc import Smsc, Submit

pytestmark = [pytest.mark.peer, pytest.mark.e2e, pytest.mark.may_block, pytest.mark.timeout(90)]

CORPUS = Path(__file__).parents[3] / "shared/data/cap"
if not CORPUS.exists():
    pytest.skip("the corpus of real alerts does not lie beside the checkout", allow_module_level=True)

SUFFIXES = {".xml", ".cap", ".atom", ".rss", ".edxlde"}
FILES = sorted(path for path in CORPUS.iterdir() if path.suffix in SUFFIXES)
CANCEL_WITHOUT_INFO = CORPUS / "oasiscap_ipaws-5e6dd9de023f1930ef6548d9.xml"
PERSON = Person("reader", "+8613812345610")
RULES = """
[ladders.texts]
[[ladders.texts.rungs]]
channels = ["sms"]
[[rules]]
name = "all alerts"
match = { kind = ["Alert"] }
audience = { name = "everybody", split = "person", roles = ["informant"], areas = "all" }
needed = "DEVICE"
deadline_s = 120
signatures = 2
ladder = "texts"
"""
SOURCE = """
[tokens.corpus]
file = "corpus.token"
rights = ["source"]
[intake]
geocode_systems = { "CPEAS Geographic Code" = "mca" }
"""
NUMBER = re.compile(r"#(\d{4})")
LIVE_ACTIONS, LIVE_STATES = ("New", "Update"), ("active", "superseded")
BLANKS = re.compile(r"\s+")


class Alert(msgspec.Struct, frozen=True):
    """One alert of the corpus as it is submitted. `is_dead`: it ends before it starts, as some real ones do."""

    file: str
    content: Content
    is_dead: bool


class Case(msgspec.Struct, frozen=True):
    """One file as it is submitted, and what our decoder makes of it. `refusal`: (code, sentence) when it takes nothing."""

    file: str
    raw: bytes
    alerts: tuple[Alert, ...]
    refusal: tuple[str, str] = ("", "")

    @property
    def action(self) -> Action | None:
        return self.alerts[0].content.action if self.alerts else None


def cases() -> list[Case]:
    """The corpus, re-stamped to a minute ago."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    taken: set[bytes] = set()
    return [_case(path.name, restamped(path.read_bytes(), taken, now=now)) for path in FILES]


def _case(name: str, raw: bytes) -> Case:
    decoded = decode(raw)
    now = datetime.now(UTC)
    alerts = tuple(Alert(name, one.content, bool(one.content.expires and one.content.expires <= now)) for one in decoded if one.content)
    error = decoded[0].error
    return Case(name, raw, alerts, ("", "") if error is None else (error.code, error.message))


class Centre:
    """The daemon, the SMS centre, and what a test does with both."""

    def __init__(self, node: Node, smsc: Smsc) -> None:
        self.node = node
        self.smsc = smsc
        self._at_once = asyncio.Semaphore(4)

    async def submit(self, raw: bytes) -> tuple[int, Any]:
        """POST a document as the test source, signed by two releasers who were shown it."""
        signers = {"Fenghuo-Sign": f"{self.node.token('anna')},{self.node.token('bert')}"}
        async with self._at_once:
            await self.node.post("/api/v1/review", raw, who="corpus", **signers)
            return await self.node.post("/api/v1/alerts", raw, who="corpus", **signers)

    async def submit_all(self, some: Sequence[Case]) -> list[tuple[int, Any]]:
        return await asyncio.gather(*(self.submit(case.raw) for case in some))

    async def messages(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.node.ask("message.ls", limit=1000)
        return found

    async def idle(self) -> None:
        """Return when nothing is open any more."""
        await self.node.until("status", lambda view: view["queued"] == view["open_objectives"] == 0, timeout_s=40)

    def texts(self) -> list[str]:
        """What the telephone shows, long texts put together again."""
        return list(_assembled(self.smsc.submits))

    def texts_of(self, number: int) -> list[str]:
        return [text for text in self.texts() if f"#{number:04d}" in text]


def _assembled(submits: Sequence[Submit]) -> list[str]:
    """Texts by reference and order; references count to 255 and their parts are sent one after the other."""
    texts: list[str] = []
    open_ones: dict[str, dict[int, str]] = {}
    for submit in submits:
        if not submit.udh:
            texts.append(submit.text)
            continue
        header = submit.udh[0]
        reference, total, number = header[-6:-4], int(header[-4:-2], 16), int(header[-2:], 16)
        parts = open_ones.setdefault(reference, {})
        parts[number] = submit.text
        if len(parts) == total:
            texts.append("".join(text for _, text in sorted(open_ones.pop(reference).items())))
    assert not open_ones, f"parts are missing of {open_ones}"
    return texts


@contextlib.asynccontextmanager
async def centre(folder: Path) -> AsyncIterator[Centre]:
    """A daemon with a test source and one telephone."""
    async with Smsc(delay_ms=1) as smsc:
        node = Node(folder, channels={"sms": sms(smsc.port)}, persons=[PERSON], rules=RULES, extra=SOURCE)
        (folder / "corpus.token").write_text("corpus-0123456789abcdef0123456789abcdef")
        (folder / "corpus.token").chmod(0o600)
        async with node:
            await node.channels_up("sms")
            yield Centre(node, smsc)


def bare(text: str) -> str:
    return BLANKS.sub("", text)


def shown(info: Info) -> str:
    """What must be read of an alert whatever its length: the headline, or the event where there is none."""
    return bare(info.headline or info.event)


async def test_every_alert_arrives_with_its_headline(tmp_path: Path) -> None:
    """Alerts and Updates that are accepted and live are on the telephone, once each; the dead, Cancels and refused files are not."""
    everything = cases()
    news = [case for case in everything if case.action is Action.NEW]
    updates = [case for case in everything if case.action is Action.UPDATE]
    ends = [case for case in everything if case.alerts and case.action not in (Action.NEW, Action.UPDATE)]
    refused = [case for case in everything if not case.alerts]
    assert len(FILES) == len(news) + len(updates) + len(ends) + len(refused)
    async with centre(tmp_path) as there:
        for group in (news, updates, ends):
            answers = await there.submit_all(group)
            assert [] == [(case.file, answer) for case, answer in zip(group, answers, strict=True) if answer[0] != 202]
            await there.idle()
        await check_arrivals(there, [alert for case in (*news, *updates) for alert in case.alerts])
        answers = await there.submit_all(refused)
        check_refusals(refused, answers)
        await there.node.kill(signal.SIGTERM)
    check_kept(tmp_path, refused)


async def check_arrivals(there: Centre, alerts: Sequence[Alert]) -> None:
    """Each live alert has exactly one text, with its headline and number; nothing else was sent."""
    live = [alert for alert in alerts if not alert.is_dead]
    texts = there.texts()
    missing = [alert.file for alert in live if not any(shown(info) in bare(text) for info in alert.content.infos for text in texts)]
    assert [] == missing
    assert len(live) == len(texts), "as many texts as live alerts"
    events = Counter(row["number"] for row in await there.messages() if row["action"] in LIVE_ACTIONS and row["state"] in LIVE_STATES)
    assert events == Counter(int(NUMBER.findall(text)[-1]) for text in texts), "each under the number of its event, once for each revision"
    assert [] == there.smsc.errors


def check_refusals(refused: Sequence[Case], answers: Sequence[tuple[int, Any]]) -> None:
    """A refused file is answered with 422, the reason as a word and as a sentence."""
    for case, (status, problem) in zip(refused, answers, strict=True):
        expected = case.refusal if case.refusal[0] else ("cancel-without-references", problem["detail"])
        assert (422, *expected) == (status, problem["reason"], problem["detail"]), case.file
        assert problem["refusal"] > 0, case.file


def check_kept(folder: Path, refused: Sequence[Case]) -> None:
    """The store has the very octets of every refused file."""
    (file,) = (folder / "state").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as store:
        apart = {b"\0document\0" + digest.encode(): bytes(data) for digest, data in store.execute("SELECT hash, data FROM blob")}
        kept = {apart.get(bytes(raw), bytes(raw)) for (raw,) in store.execute("SELECT raw FROM refusal")}
    assert set() == {case.raw for case in refused} - kept


async def test_what_is_no_alert_acts_on_what_it_names(tmp_path: Path) -> None:
    """A real Cancel ends what it names, on the telephone too; before its Alert it buries it; Ack and Error are never aired."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    alert, late = (restamped((CORPUS / name).read_bytes(), set(), now=now) for name in ("oasis_example2.xml", "google_weather.cap"))
    end = restamped(CANCEL_WITHOUT_INFO.read_bytes(), set(), now=now)
    async with centre(tmp_path) as there:
        status, accepted = await there.submit(alert)
        assert (202, "active") == (status, accepted["state"])
        await there.idle()
        for word in ("Ack", "Error"):
            status, answer = await there.submit(naming(with_fact(end, "msgType", word), alert, word))
            assert (202, 1) == (status, len(there.texts())), f"{word}: {answer}"
        assert "active" == (await there.node.shown(accepted["id"]))["state"]

        status, cancel = await there.submit(naming(end, alert, "Cancel"))
        assert (202, accepted["id"], 2) == (status, cancel["id"], cancel["revision"])
        await there.idle()
        number = (await there.node.shown(accepted["id"]))["number"]
        first, last = there.texts_of(number)
        assert ("解除" in first, "解除" in last) == (False, True)
        revisions = (await there.node.shown(accepted["id"]))["revisions"]
        assert "cancelled" == revisions[0]["state"]

        status, _ = await there.submit(naming(end, late, "early"))
        assert 202 == status
        status, buried = await there.submit(late)
        assert (202, "cancelled") == (status, buried["state"])
        await there.idle()
        assert 2 == len(there.texts())


def naming(end: bytes, alert: bytes, identifier: str) -> bytes:
    """A Cancel, Ack or Error by the sender of an alert, about that alert."""
    content = decode(alert)[0].content
    assert content is not None
    triple = f"{content.sender},{content.identifier},{content.sent.isoformat()}"
    return with_fact(with_fact(with_fact(end, "references", triple), "sender", content.sender), "identifier", identifier)
