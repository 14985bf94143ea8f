"""Alerts as others write them, through `fenghuo alert check FILE --json`: each has a clear verdict, and none a trace."""

from __future__ import annotations

import gzip
from math import cos, sin
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from fenghuo.cli.alert_check import check
from tests.core.formats.alerts import GOOD

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
BODY = GOOD.partition("?>\n")[2]
INFO = BODY[BODY.index("  <info>") : BODY.index("</alert>")]
RING = "31.5,121 31.6,121 31.6,121.1 31.5,121"
ROUND = [(31.5 + 0.1 * sin(turn / 4_775), 121 + 0.1 * cos(turn / 4_775)) for turn in range(30_000)]
HUGE = " ".join(f"{latitude:.6f},{longitude:.6f}" for latitude, longitude in (*ROUND, ROUND[0]))
TEXT = "请注意防范"


def spoil(old: str, new: str) -> bytes:
    assert old in GOOD
    return GOOD.replace(old, new).encode()


def referring(text: str) -> bytes:
    return GOOD.replace(">Alert<", ">Cancel<").replace("  <info>", f"  <references>{text}</references>\n  <info>").encode()


def verdict_of(folder: Path, raw: bytes) -> tuple[int, dict[str, Any]]:
    """The exit code of the command, and what it printed."""
    file = folder / "alert.xml"
    file.write_bytes(raw)
    result = CliRunner().invoke(check, [str(file), "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, msgspec.json.decode(result.stdout)


ACCEPTED = {
    "lines of another machine": GOOD.replace("\n", "\r\n").encode(),
    "a text in CDATA with a DOCTYPE in it": spoil(TEXT, "<![CDATA[<!DOCTYPE x>]]>"),
    "markup in a text": spoil(TEXT, "<b>请</b>注意<br/>防范"),
    "a stylesheet": f'<?xml version="1.0"?><?xml-stylesheet href="http://example.invalid/x.xsl"?>\n{BODY}'.encode(),
    "an include": spoil("<info>", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><info>'),
    "where its schema lies": spoil("<alert ", '<alert xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:schemaLocation="a b.xsd" '),
    "prefixes of its own": GOOD.replace("<info>", f'<c:info xmlns:c="{CAP}">').replace("</info>", "</c:info>").encode(),
    "eight languages": GOOD.replace(
        INFO, "".join(INFO.replace("zh-CN", one) for one in ("en-US", "zh-CN", "ja", "ru", "zh-TW", "zh_CN", "", "ZH"))
    ).encode(),
    "an element twice": spoil("<severity>", "<severity>Minor</severity><severity>"),
    "an envelope of the web": f"<s:Envelope xmlns:s='urn:s'><s:Body>{BODY}</s:Body></s:Envelope>".encode(),
    "thirty thousand points": spoil(RING, HUGE),
    "one long text": spoil(TEXT, TEXT * 200_000),
}
REPAIRED = {
    "no namespace below the root": (spoil("<info>", '<info xmlns="">'), "no-namespace"),
    "no namespace at all": (spoil(f' xmlns="{CAP}"', ""), "no-namespace"),
    "its old encoding in the declaration": (spoil('encoding="UTF-8"', 'encoding="GB2312"'), "other-encoding"),
    "an offset without a colon": (spoil("+08:00</sent>", "+0800</sent>"), "time-form"),
    "no seconds": (spoil("08:00:00+08:00</sent>", "08:00+08:00</sent>"), "time-form"),
    "no zone": (spoil("+08:00</sent>", "</sent>"), "no-offset"),
    "an end that is no instant": (spoil("2026-07-15T20:00:00+08:00</expires>", "明天</expires>"), "unreadable-time"),
    "blanks behind the commas of a reference": (referring("met@example.org, T-0, 2026-07-15T07:00:00+08:00"), "reference-space"),
    "longitude first": (spoil(RING, "121,31.5 121,31.6 121.1,31.6 121,31.5"), "bad-geometry"),
    "signs for points": (spoil(RING, "31.5N,121E 31.6N,121E 31.6N,121.1E 31.5N,121E"), "bad-geometry"),
    "blanks between codes": (spoil(">320585110<", ">320585110, 320585111，320585112<"), "geocode-split"),
    "an order of its own": (
        spoil("<scope>Public</scope>\n  <info>", "<info>").replace(b"</alert>", b"<scope>Public</scope></alert>"),
        "order",
    ),
    "marks twice": (b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(), "bom"),
    "direction turned": (spoil(TEXT, "请\u202e注意"), "hidden-character"),
}
REFUSED = {
    "nothing": (b"", "empty"),
    "white space": (b" \n", "empty"),
    "noughts": (bytes(100), "not-wellformed"),
    "half of it": (GOOD.encode()[: len(GOOD) // 2], "not-wellformed"),
    "packed": (gzip.compress(GOOD.encode()), "encoding"),
    "a page": (b"<html><body>502</body></html>", "no-alert"),
    "words": ("太仓市气象台发布暴雨橙色预警".encode(), "not-wellformed"),
    "another one behind it": ((GOOD + BODY).encode(), "not-wellformed"),
    "a letter's head before it": (b"HTTP/1.1 200 OK\r\n\r\n" + GOOD.encode(), "not-wellformed"),
    "raw ampersands": (spoil(TEXT, "A & B"), "not-wellformed"),
    "an entity of the web": (spoil(TEXT, "A&nbsp;B"), "not-wellformed"),
    "nested entities": (f'<!DOCTYPE alert [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>{BODY.replace(TEXT, "&b;")}'.encode(), "doctype"),
    "a DOCTYPE in two octets": (f"\ufeff<!DOCTYPE alert>{BODY}".encode("utf-16-le"), "doctype"),
    "a DOCTYPE elsewhere": (f'<!--c--><?p?><!DOCTYPE alert SYSTEM "file:///etc/passwd">{BODY}'.encode(), "doctype"),
    "ten megabytes": (spoil(TEXT, TEXT * 700_000), "too-large"),
    "depth": (f"{'<a>' * 60}{BODY.replace('<area>', '<x>' * 9 + '</x>' * 9 + '<area>')}{'</a>' * 60}".encode(), "too-deep"),
    "no identifier": (spoil("<identifier>T-1</identifier>", ""), "missing-fact"),
    "an empty identifier": (spoil("<identifier>T-1</identifier>", "<identifier/>"), "missing-fact"),
    "two identifiers": (spoil("<identifier>T-1", "<identifier>T-2</identifier><identifier>T-1"), "contradiction"),
    "a day that is none": (spoil("2026-07-15T08:00:00+08:00</sent>", "2026-02-30T08:00:00+08:00</sent>"), "unknown-fact"),
    "a number for a time": (spoil("2026-07-15T08:00:00+08:00</sent>", "1784073600</sent>"), "unknown-fact"),
    "the next version": (spoil(CAP, CAP.replace("1.2", "1.3")), "unknown-namespace"),
    "an info of somebody else's": (spoil("<info>", '<info xmlns="urn:x">'), "nothing-to-say"),
    "five thousand codes and one": (spoil(">320585110<", f">{','.join(str(320585110000 + one) for one in range(5001))}<"), "limit"),
    "thirty-three infos": (spoil(INFO, INFO * 33), "limit"),
}


@pytest.mark.parametrize("raw", ACCEPTED.values(), ids=ACCEPTED)
def test_what_is_only_unusual_is_accepted(raw: bytes, tmp_path: Path) -> None:
    """Without a repair, and the command ends well."""
    code, report = verdict_of(tmp_path, raw)
    assert (0, "accepted", []) == (code, report["verdict"], report["repairs"])


@pytest.mark.parametrize(("raw", "repair"), REPAIRED.values(), ids=REPAIRED)
def test_what_can_be_understood_is_repaired_and_said(raw: bytes, repair: str, tmp_path: Path) -> None:
    """The one liberty that it took is named, with its place, and nothing else was touched."""
    code, report = verdict_of(tmp_path, raw)
    assert (0, "accepted-with-repairs", {repair}) == (code, report["verdict"], {one.partition(" at ")[0] for one in report["repairs"]})


@pytest.mark.parametrize(("raw", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_is_refused_with_a_reason(raw: bytes, why: str, tmp_path: Path) -> None:
    """A code for programs, a sentence for people, and the exit code of bad data."""
    code, report = verdict_of(tmp_path, raw)
    assert (65, "refused", why) == (code, report["verdict"], report["error"]["code"])
    assert 10 < len(report["error"]["message"]) < 300
