"""Signatures, reviews and corrections over HTTP: small bodies, and who signs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from fenghuo_http import ApiSettings
from tests.plugins.http_door import JSON, MET, Door, at_door


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    async with at_door(ApiSettings()) as found:
        found.desk.answers["alert.review"] = lambda args: {"id": args["id"], "to": args["token"]}
        yield found


async def test_signing_is_by_the_named_tokens_or_by_oneself(door: Door) -> None:
    """Fenghuo-Sign names the signers in order; without it the caller signs."""
    assert "met-token" == (await door.ask("POST", "/api/v1/messages/01J/sign", headers=MET))[2]["by"]
    assert "b" == (await door.ask("POST", "/api/v1/messages/01J/sign", headers=MET | {"Fenghuo-Sign": "a, b"}))[2]["by"]
    assert ["met-token", "a", "b"] == [args["token"] for _, _, args in door.desk.calls]


async def test_a_review_is_shown_to_whoever_is_going_to_sign(door: Door) -> None:
    """To the owners of the tokens of Fenghuo-Sign; without it to the caller."""
    assert "met-token" == (await door.ask("GET", "/api/v1/messages/01J/review", headers=MET))[2]["to"]
    assert "a" == (await door.ask("GET", "/api/v1/messages/01J/review", headers=MET | {"Fenghuo-Sign": "a"}))[2]["to"]
    door.desk.answers["alert.review"] = lambda args: {"raw": args["raw"].decode(), "to": args["token"]}
    shown = (await door.ask("POST", "/api/v1/review", headers=MET | {"Fenghuo-Sign": "a, b"}, data=b"<alert/>"))[2]
    assert ({"raw": "<alert/>", "to": "b"}, 400) == (shown, (await door.ask("POST", "/api/v1/review", headers=MET, data=b""))[0])


async def test_a_correction_may_give_other_words(door: Door) -> None:
    """They are passed on; a body that is no text is 400."""
    door.desk.answers["alert.correct"] = door.desk.answers["alert.cancel"]
    assert 202 == (await door.ask("POST", "/api/v1/messages/01J/correct", headers=JSON, data='{"text": "解除"}'.encode()))[0]
    assert ("01J", "解除") == (door.desk.calls[0][2]["id"], door.desk.calls[0][2]["text"])
    assert 400 == (await door.ask("POST", "/api/v1/messages/01J/correct", headers=JSON, data=b'{"text": 1}'))[0]


async def test_a_signature_may_say_what_was_shown(door: Door) -> None:
    """Envelope and revision are passed on; a body that is neither is 400, and nothing is signed."""
    said = b'{"envelope": "e", "revision": 2}'
    assert 200 == (await door.ask("POST", "/api/v1/messages/01J/sign", headers=JSON, data=said))[0]
    assert {"envelope": "e", "revision": 2} == {name: door.desk.calls[0][2][name] for name in ("envelope", "revision")}
    assert 400 == (await door.ask("POST", "/api/v1/messages/01J/sign", headers=JSON, data=b'{"revision": "newest"}'))[0]
    assert 1 == len(door.desk.calls)
