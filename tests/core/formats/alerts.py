"""Alerts for the tests of formats, written by us: one good one, and ways to spoil it."""

from __future__ import annotations

from datetime import UTC, datetime

from fenghuo.formats.decode import decode
from fenghuo.formats.verdicts import Decoded, SourceDefaults
from fenghuo.model.message import Content, Message, MessageId, content_hash
from fenghuo.model.traffic import Priority

GOOD = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>T-1</identifier>
  <sender>met@example.org</sender>
  <sent>2026-07-15T08:00:00+08:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>zh-CN</language>
    <category>Met</category>
    <event>暴雨</event>
    <urgency>Immediate</urgency>
    <severity>Severe</severity>
    <certainty>Likely</certainty>
    <effective>2026-07-15T08:00:00+08:00</effective>
    <expires>2026-07-15T20:00:00+08:00</expires>
    <senderName>太仓市气象台</senderName>
    <headline>太仓市气象台发布暴雨橙色预警</headline>
    <description>预计未来3小时沙溪镇降雨量将达50毫米以上。请注意防范。</description>
    <instruction>停止户外作业。低洼地区人员立即转移。</instruction>
    <area>
      <areaDesc>沙溪镇</areaDesc>
      <polygon>31.5,121 31.6,121 31.6,121.1 31.5,121</polygon>
      <geocode><valueName>mca</valueName><value>320585110</value></geocode>
    </area>
  </info>
</alert>
"""

SENT = datetime(2026, 7, 15, 0, 0, tzinfo=UTC)
EXPIRES = datetime(2026, 7, 15, 12, 0, tzinfo=UTC)


def spoiled(old: str, new: str, text: str = GOOD) -> bytes:
    """The good alert with one place changed; the place must be there."""
    assert old in text
    return text.replace(old, new, 1).encode()


def one(raw: bytes, *, chinese: bool = True, systems: dict[str, str] | None = None) -> Decoded:
    """The only message in some octets."""
    (decoded,) = decode(raw, defaults=SourceDefaults(geocode_systems=systems or {}, chinese=chinese))
    return decoded


def content_of(raw: bytes) -> Content:
    """The content of octets that must be taken."""
    decoded = one(raw)
    assert decoded.content is not None, decoded.error
    return decoded.content


def message_of(content: Content, *, revision: int = 1, number: int = 123, expires_at: float | None = None) -> Message:
    """A message as intake would make it."""
    return Message(
        id=MessageId("20260715-0001"),
        revision=revision,
        content=content,
        priority=Priority.P1,
        content_hash=content_hash(content),
        accepted_at=SENT.timestamp() + 1,
        expires_at=EXPIRES.timestamp() if expires_at is None else expires_at,
        number=number,
    )


def codes_of(decoded: Decoded) -> set[str]:
    """The codes of all semantic findings."""
    return {verdict.value for verdict in decoded.verdicts if verdict.check == "semantic"}
