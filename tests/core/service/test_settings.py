"""The settings file: what it gives, and one file for each mistake with the sentences it must bring."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import fenghuo_broadcast
import fenghuo_console
import fenghuo_http
import fenghuo_mqtt
import fenghuo_narrowband
import fenghuo_runner
import fenghuo_siren
import fenghuo_sms
import fenghuo_vsat
from fenghuo.errors import SettingsError
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.situation import Admin
from fenghuo.model.traffic import Traffic
from fenghuo.plugin.host import PluginHost, load_plugins
from fenghuo.service.settings import Listen, Right, Settings, load
from tests.core.service import settings_plugin

MISTAKES = Path(__file__).parents[2] / "settings"
SECRET = "hush-hush-0123456789-abc"
CONFIG = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="module")
def host() -> PluginHost:
    bundled = [
        fenghuo_sms,
        fenghuo_http,
        fenghuo_console,
        fenghuo_mqtt,
        fenghuo_narrowband,
        fenghuo_runner,
        fenghuo_siren,
        fenghuo_broadcast,
    ]
    return load_plugins([settings_plugin, *bundled])


def written(folder: Path, text: str) -> Path:
    (folder / "rules.toml").write_text("")
    file = folder / "fenghuo.toml"
    file.write_text('[node]\nname = "taicang"\n' + text, encoding="utf-8")
    return file


def faults_of(file: Path, host: PluginHost) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refusal:
        load(file, host, environment={})
    return refusal.value.faults


@pytest.mark.parametrize("mistake", sorted(file.stem for file in MISTAKES.glob("*.toml")))
def test_each_mistake_is_told_in_its_sentences(mistake: str, host: PluginHost) -> None:
    """A mistake brings exactly the sentences beside it, each with file and key and what would be right."""
    expected = (MISTAKES / f"{mistake}.txt").read_text(encoding="utf-8").replace("{folder}", str(MISTAKES))
    assert expected.splitlines() == list(faults_of(MISTAKES / f"{mistake}.toml", host))


def test_every_mistake_has_its_sentences_and_there_are_enough() -> None:
    """Each mistake file has a sentence file, and at least twenty mistakes are held."""
    files = {file.stem for file in MISTAKES.glob("*.toml")}
    assert files == {file.stem for file in MISTAKES.glob("*.txt")}
    assert len(files) >= 20


def test_the_least_file_has_every_default(tmp_path: Path, host: PluginHost) -> None:
    """A name is enough: all else has its default, and paths are absolute."""
    settings = load(written(tmp_path, ""), host)
    assert tmp_path / "state" == settings.node.state
    assert tmp_path / "state" / "ctl.sock" == settings.control_socket
    assert tmp_path / "state" / "conformance" == settings.records
    assert settings.web is None
    assert (24, 20_000, 120) == (settings.intake.default_expiry_h, settings.intake.max_pending, settings.release_valid_s)
    assert ((), (), ()) == (settings.tokens, settings.channels, settings.fronts)


def test_a_channel_gets_its_medium_and_traffic_by_default(tmp_path: Path, host: PluginHost) -> None:
    """Without a medium a channel is its own; without traffic it carries all that its type can."""
    settings = load(written(tmp_path, '[channels.sms-a]\ntype = "sms.test"\nsettings = { host = "h" }\n'), host)
    (channel,) = settings.channels
    assert ("sms-a", Admin.ENABLED, (Traffic.ACTUAL, Traffic.TEST)) == (channel.medium, channel.admin, channel.traffic)
    assert settings_plugin.TestSmsSettings(host="h") == channel.settings
    assert "settings-test" == channel.plugin


def test_a_channel_without_a_record_says_what_it_may_carry(tmp_path: Path, host: PluginHost) -> None:
    """The plugin of this test is nobody's: the kit has left no record of it, in whatever folder is named."""
    text = '[plugins]\nrecords = "kit"\n[channels.sms-a]\ntype = "sms.test"\nsettings = { host = "h" }\n'
    settings = load(written(tmp_path, text), host)
    (channel,) = settings.channels
    assert channel.ungraded.startswith("no record of the conformance kit for sms.test; ")
    assert (f"fenghuo.toml: channels.sms-a carries P2 to P4 only: {channel.ungraded}",) == settings.warnings
    assert tmp_path / "kit" == settings.records


def test_pictures_that_no_channel_brings_are_a_warning(tmp_path: Path) -> None:
    """A broker gets the text alone; a way that takes pictures to the share beside it ends the warning."""
    path = 'interface = "sat0"\nattachments_share = "sz"\n'
    broker = f'[channels.sat]\ntype = "vsat.mqtt"\n[channels.sat.settings]\nhost = "10.99.0.2"\nnode = "tc"\nplain = true\n{path}'
    way = f'[channels.web]\ntype = "vsat.http"\n[channels.web.settings]\nattachments = "http://10.99.0.3/files"\n{path}'
    says = 'fenghuo.toml: channels.sat.settings.attachments_share is "sz", and no vsat.http has this share: '
    host = load_plugins([fenghuo_vsat])
    alone, both = (load(written(tmp_path, text), host).warnings for text in (broker, broker + way))
    assert (True, False) == tuple(any(one.startswith(says) for one in warnings) for warnings in (alone, both))


def test_a_siren_armed_in_the_future_is_a_warning(tmp_path: Path, host: PluginHost) -> None:
    """Its channel would not start; the node has to, whosever clock is wrong."""
    siren = '[channels.roof]\ntype = "siren.modbus"\n[channels.roof.settings]\nsirens = ["1/1"]\ncoil = 0\ntimer = 200\n'
    warnings = load(written(tmp_path, f"{siren}armed = 2999-01-01T00:00:00+08:00\n"), host).warnings
    said = "fenghuo.toml: channels.roof.settings cannot start: armed 2999-01-01T00:00:00+08:00 lies in the future: put armed = "
    assert 1 == len([one for one in warnings if one.startswith(said)])
    assert () == tuple(
        one for one in load(written(tmp_path, f"{siren}armed = 2020-01-01T00:00:00+08:00\n"), host).warnings if "armed" in one
    )


def test_a_token_says_who_may_speak(tmp_path: Path, host: PluginHost) -> None:
    """Rights and areas of a token are typed values; the secret itself is not in the settings."""
    (tmp_path / "met").write_text(f"{SECRET}\n")
    (tmp_path / "met").chmod(0o600)
    text = '[tokens.met]\nfile = "met"\nrights = ["source"]\nareas = ["mca:320585"]\n'
    settings = load(written(tmp_path, text), host)
    (token,) = settings.tokens
    assert ((Right.SOURCE,), (AreaRef.parse("mca:320585"),)) == (token.rights, token.areas)
    assert "hush" not in repr(settings) + msgspec.json.encode(settings.tokens).decode()
    assert () == settings.warnings


def test_names_of_geocodes_mean_one_thing_here(tmp_path: Path, host: PluginHost) -> None:
    """They are read for the node, not for a token."""
    settings = load(written(tmp_path, '[intake]\ngeocode_systems = { "CPEAS Geographic Code" = "mca", "STATS" = "nbs" }\n'), host)
    assert {"CPEAS Geographic Code": CodeSystem.MCA, "STATS": CodeSystem.NBS} == settings.intake.geocode_systems


def test_a_secret_that_everybody_may_read_is_a_warning(tmp_path: Path, host: PluginHost) -> None:
    """A token file open to all works, and is warned about with its key."""
    (tmp_path / "met").write_text(f"{SECRET}\n")
    (tmp_path / "met").chmod(0o644)
    settings = load(written(tmp_path, '[tokens.met]\nfile = "met"\nrights = ["source"]\n'), host)
    assert (
        f"fenghuo.toml: tokens.met.file names {tmp_path}/met, which everybody on this machine may read; make it mode 0600 or 0640",
    ) == settings.warnings


def test_a_token_that_can_be_guessed_is_a_warning(tmp_path: Path, host: PluginHost) -> None:
    """With how long it is, and how long it should be; never with what it is."""
    (tmp_path / "met").write_text("q\n")
    (tmp_path / "met").chmod(0o600)
    (warning,) = load(written(tmp_path, '[tokens.met]\nfile = "met"\nrights = ["source"]\n'), host).warnings
    assert "fenghuo.toml: tokens.met.file has a token of 1 characters, which can be guessed; 22 random ones" in warning


def test_a_spool_that_nobody_answers_for_is_a_warning(tmp_path: Path, host: PluginHost) -> None:
    """What comes that way is held; with the token of its name all is well."""
    (warning,) = load(written(tmp_path, '[intake]\nspool = "in"\n'), host).warnings
    assert warning.startswith("fenghuo.toml: intake.spool is there and [tokens.spool] is not: what files in it say is held")
    (tmp_path / "it").write_text(f"{SECRET}\n")
    (tmp_path / "it").chmod(0o600)
    assert () == load(written(tmp_path, '[intake]\nspool = "in"\n[tokens.spool]\nfile = "it"\nrights = ["source"]\n'), host).warnings


def test_a_credential_is_read_where_systemd_puts_it(tmp_path: Path, host: PluginHost) -> None:
    """`credential = "met"` reads $CREDENTIALS_DIRECTORY/met."""
    (tmp_path / "met").write_text(f"{SECRET}\n")
    (tmp_path / "met").chmod(0o600)
    file = written(tmp_path, '[tokens.met]\ncredential = "met"\nrights = ["source"]\n')
    settings = load(file, host, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert "credential:met" == settings.tokens[0].reference


def test_a_token_to_be_made_may_be_missing(tmp_path: Path, host: PluginHost) -> None:
    """With generate = true a token in the state folder is made later; loading the settings makes nothing."""
    load(written(tmp_path, '[tokens.duty]\nfile = "state/duty"\ngenerate = true\nrights = ["operator"]\n'), host)
    assert not (tmp_path / "state").exists()


def test_an_address_may_be_ipv6(tmp_path: Path, host: PluginHost) -> None:
    """Brackets around an IPv6 address do not become part of it."""
    assert Listen("::1", 0) == load(written(tmp_path, '[web]\nlisten = "[::1]:0"\n'), host).web


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path, host: PluginHost) -> None:
    """A missing settings file is a fault with its path, not a stack trace."""
    assert (f"none.toml: cannot be read at {tmp_path}/none.toml: No such file or directory",) == faults_of(tmp_path / "none.toml", host)


@pytest.mark.parametrize("name", ["demo.toml", "fenghuo.example.toml"])
def test_the_files_we_ship_load(name: str, tmp_path: Path) -> None:
    """Every settings file in config/ is free of faults once its secrets are in place, with the bundled plugins."""
    host = load_plugins()
    settings = _with_secrets(name, tmp_path, host)
    assert settings.channels
    assert settings.node.directory is not None


def _with_secrets(name: str, folder: Path, host: PluginHost) -> Settings:
    """The shipped file in a folder of its own beside the files it names, with a secret for each it asks for."""
    for file in CONFIG.iterdir():
        (folder / file.name).symlink_to(file)
    (folder / name).unlink()
    (folder / name).write_bytes((CONFIG / name).read_bytes())
    (folder / "secrets").mkdir()
    for number, secret in enumerate(("met.token", "duty.token", "signer-a.token", "signer-b.token", "centre.token", "sms-a.password")):
        (folder / "secrets" / secret).write_text(f"secret {number}"[: 8 if secret.endswith(".password") else None] + "\n")
        (folder / "secrets" / secret).chmod(0o600)
    return load(folder / name, host, environment={})


def test_a_risk_group_says_how_far_it_stands(tmp_path: Path, host: PluginHost) -> None:
    """By the name under which channels name it; one that no channel names is most likely a slip."""
    channel = '[channels.sms-a]\ntype = "sms.test"\nrisk_groups = ["cell:opA"]\nreach = 0.9\nscarce = true\n'
    channel += 'probe_fen_a_day = 80\nprobe_joules_a_day = 9e3\nsettings = { host = "h" }\n'
    text = channel + '[risk_groups."cell:opA"]\navailability = 0.9\n[risk_groups."cell:opB"]\n'
    settings = load(written(tmp_path, text), host)
    assert {"cell:opA": 0.9, "cell:opB": 0.98} == settings.availability
    assert (0.9, True) == (settings.channels[0].reach, settings.channels[0].scarce)
    assert (80.0, 9000.0) == (settings.channels[0].probe_fen_a_day, settings.channels[0].probe_joules_a_day)
    assert 'fenghuo.toml: risk_groups.cell:opB is no risk group of any channel; did you mean "cell:opA"?' in settings.warnings
