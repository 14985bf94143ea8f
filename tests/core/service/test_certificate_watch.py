"""The certificates that a node uses: which they are, how long they last, and who is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fenghuo.model.alarm import AlarmPriority
from fenghuo.plugin.host import load_plugins
from fenghuo.service.certificate_watch import CertificateWatch, named_certificates
from fenghuo.service.certificates import Issued, for_client, for_server, new_authority
from fenghuo.service.settings import Settings, load
from fenghuo.service.settings_values import AlarmHookSettings, InstanceSettings, Listen, TlsFiles
from fenghuo.store.tables import EVENT
from tests.core.engine.alarmed import kept

pytestmark = pytest.mark.may_block("settings are read before the loop is there, and here within it")


class Bearer(msgspec.Struct, frozen=True):
    """A plugin's own settings."""

    ca_file: str = ""
    cert_file: str = ""


def issued(folder: Path, now: float, *, days_ago: int = 0) -> Issued:
    """An authority in `ca.pem`, and in `web.pem` and `own.pem` what it has signed that many days ago."""
    at = datetime.fromtimestamp(now, UTC) - timedelta(days=days_ago)
    authority = new_authority("taicang", at)
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "web.pem").write_bytes(for_server(authority, ("localhost",), at).certificate)
    (folder / "own.pem").write_bytes(for_client(authority, "node", at).certificate)
    return authority


def used(folder: Path) -> Settings:
    """A port, a receiver of alarms and a source that use them."""
    (folder / "rules.toml").write_text("")
    (folder / "fenghuo.toml").write_text('[node]\nname = "taicang"\nstate = "state"\nrules = "rules.toml"\n')
    settings = load(folder / "fenghuo.toml", load_plugins([]))
    tls = TlsFiles(folder / "web.pem", folder / "web.key", folder / "ca.pem")
    hook = AlarmHookSettings("https://a", "fenghuo", "", folder, folder / "ca.pem", frozenset(AlarmPriority), 0.0)
    source = InstanceSettings("mqtt", "mqtt", "fenghuo_mqtt", Bearer(cert_file="own.pem"))
    return msgspec.structs.replace(settings, base=folder, web=Listen("127.0.0.1", 0, tls=tls), alarm_hook=hook, sources=(source,))


async def test_every_one_that_the_settings_name_is_counted(tmp_path: Path) -> None:
    """The port's, clients' authorities, the webhook's, and those that a plugin's own settings name."""
    async with kept(tmp_path / "state") as there:
        issued(tmp_path, there.clock.now)
        settings = used(tmp_path)
        watch = CertificateWatch(settings, there.store, there.clock)
        await watch.look()
        days = {one["name"]: one["days"] for one in watch.view()}
        assert {"alarms.webhook.ca_file": 3653, "sources.mqtt.cert_file": 397, "web.certificate": 397, "web.client_ca": 3653} == days
        assert set(named_certificates(settings)) == set(days)
        assert [] == await there.store.find(EVENT, "type LIKE 'alarm.%'")


async def test_one_that_ends_soon_is_told_at_each_step_and_is_over_when_it_was_renewed(tmp_path: Path) -> None:
    """At 30 days and at 7, once; the port's own is told of by the port."""
    async with kept(tmp_path / "state") as there:
        issued(tmp_path, there.clock.now, days_ago=380)
        watch = CertificateWatch(used(tmp_path), there.store, there.clock)
        for _ in range(2):
            await watch.look()
        there.clock.now += 12 * 86_400.0
        await watch.look()
        told = [
            (row.type, row.subject, msgspec.json.decode(row.body)["due"])
            for row in await there.store.find(EVENT, "type LIKE '%certificate%'")
        ]
        subject = "certificate/sources.mqtt.cert_file"
        assert [("alarm.certificate_used", subject, 30), ("alarm.certificate_used", subject, 7)] == told
        issued(tmp_path, there.clock.now)
        await watch.look()
        (alarm,) = await there.alarms()
        assert not alarm.stands


async def test_one_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """It is found out before a connection needs it."""
    async with kept(tmp_path / "state") as there:
        issued(tmp_path, there.clock.now)
        (tmp_path / "own.pem").write_text("no certificate")
        watch = CertificateWatch(used(tmp_path), there.store, there.clock)
        await watch.look()
        (broken,) = [one for one in watch.view() if one["fault"]]
        assert ("sources.mqtt.cert_file", None, True) == (broken["name"], broken["days"], "no certificate in PEM" in broken["fault"])
        (alarm,) = await there.alarms()
        assert "certificate/sources.mqtt.cert_file" == alarm.subject
