"""The HTTP client against a small server that writes down what it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from fenghuo.client.caller import CallFailed, Unreachable
from fenghuo.client.http import Web
from tests.core.http_peer import Peer, serving


@pytest.fixture
def peer() -> Iterator[Peer]:
    with serving() as peer:
        yield peer


@pytest.mark.parametrize(
    ("verb", "args", "method", "path", "body"),
    [
        ("alert.submit", {"raw": b"<alert/>", "key": "k", "tokens": ["s1", "s2"]}, "POST", "/api/v1/alerts", b"<alert/>"),
        ("message.show", {"id": "01/M"}, "GET", "/api/v1/messages/01%2FM", b""),
        ("message.ls", {"state": None, "limit": 3}, "GET", "/api/v1/messages?limit=3", b""),
        ("message.why", {"id": "01/M", "recipient": "", "limit": 5}, "GET", "/api/v1/messages/01%2FM/why?recipient=&limit=5", b""),
        ("channel.ls", {}, "GET", "/api/v1/channels", b""),
        ("attachment.put", {"raw": b"\xff\xd8"}, "POST", "/api/v1/attachments", b"\xff\xd8"),
        ("queue.ls", {"channel": None, "limit": 7}, "GET", "/api/v1/queue?limit=7", b""),
        ("status", {}, "GET", "/api/v1/status", b""),
        ("alert.cancel", {"id": "01M", "reason": "r"}, "POST", "/api/v1/messages/01M/cancel", b'{"reason": "r"}'),
        ("alert.sign", {"id": "01M", "token": "s", "envelope": "", "revision": None}, "POST", "/api/v1/messages/01M/sign", b""),
        (
            "alert.sign",
            {"id": "01M", "token": "s", "envelope": "e", "revision": 2},
            "POST",
            "/api/v1/messages/01M/sign",
            b'{"envelope": "e", "revision": 2}',
        ),
        ("alert.review", {"raw": b"<alert/>", "token": "s"}, "POST", "/api/v1/review", b"<alert/>"),
        ("alert.review", {"id": "01/M", "token": ""}, "GET", "/api/v1/messages/01%2FM/review", b""),
        ("alert.correct", {"id": "01M", "text": "t"}, "POST", "/api/v1/messages/01M/correct", b'{"text": "t"}'),
        ("message.send", {"to": ["org:a"], "text": "t", "dry_run": False}, "POST", "/api/v1/messages", b'{"to": ["org:a"], "text": "t"}'),
    ],
)
def test_each_verb_is_its_request(peer: Peer, verb: str, args: dict[str, Any], method: str, path: str, body: bytes) -> None:
    """A verb becomes the request of the HTTP API, with the token."""
    assert Web(peer.url, "tok").call(verb, **args) == {"ok": True}
    ((asked_method, asked_path, headers, asked_body),) = peer.asked
    assert (asked_method, asked_path, asked_body) == (method, path, body)
    assert headers["authorization"] == "Bearer tok"


def test_signatures_and_key_are_headers(peer: Peer) -> None:
    """Signing tokens and the idempotency key go as headers."""
    Web(peer.url, "tok").call("alert.submit", raw=b"x", key="k", tokens=["s1", "s2"])
    headers = peer.asked[0][2]
    assert (headers["fenghuo-sign"], headers["idempotency-key"]) == ("s1,s2", "k")


def test_a_problem_is_an_error_with_its_word(peer: Peer) -> None:
    """problem+json is raised with the word at the end of its type."""
    peer.status, peer.says = 422, {"type": "urn:fenghuo:problem:refused", "detail": "a DOCTYPE", "where": "line 1", "reason": "doctype"}
    with pytest.raises(CallFailed, match="a DOCTYPE") as failed:
        Web(peer.url, "tok").call("alert.submit", raw=b"x")
    assert (failed.value.code, failed.value.where) == ("refused", "line 1")


def test_what_is_no_json_is_not_fenghuo(peer: Peer) -> None:
    """Some other server at the address is told as such."""
    peer.says = b"<html>"
    with pytest.raises(Unreachable, match="is it Fenghuo"):
        Web(peer.url, "tok").call("channel.ls")


def test_nobody_there_is_unreachable(peer: Peer) -> None:
    """A port where nobody listens is unreachable."""
    with pytest.raises(Unreachable, match="no daemon answers"):
        Web("http://127.0.0.1:1", "tok").call("channel.ls")


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("db.backup", {"path": "/x"}),
        *(("message.send", {"to": ["a"], "text": "t", **more}) for more in ({"dry_run": True}, {"go_to": "b"})),
    ],
)
def test_what_http_does_not_offer_is_said_here(peer: Peer, verb: str, args: dict[str, Any]) -> None:
    """A verb of the socket alone is refused without a request."""
    with pytest.raises(CallFailed, match="not offered over HTTP"):
        Web(peer.url, "tok").call(verb, **args)
    assert peer.asked == []


def test_follow_asks_on_from_the_last_event(peer: Peer) -> None:
    """Each question goes on from the last event of the answer before."""
    peer.says = {"epoch": "e1", "head": 2, "events": [{"seq": 2, "at": 1.0, "type": "t", "subject": "s", "body": {}}]}
    following = Web(peer.url, "tok").follow(1)
    assert next(following)["seq"] == 2
    next(following)
    assert [path.partition("&")[0] for _, path, _, _ in peer.asked] == ["/api/v1/events?after=1", "/api/v1/events?after=2"]
