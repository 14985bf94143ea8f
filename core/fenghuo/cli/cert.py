"""`fenghuo cert …`: the site's own CA and what it signs, as files in one folder. Needs no daemon; one that runs takes a renewed certificate
by itself within a minute."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from fenghuo.cli.door import Where, place
from fenghuo.cli.paper import clean, print_json
from fenghuo.cli.secrets import secret
from fenghuo.errors import CannotCreate, FormatError, SettingsError
from fenghuo.service.problems import Exit

__all__ = ["cert"]

CA, CA_KEY, SERVER, SERVER_KEY = "ca.pem", "ca.key", "server.pem", "server.key"
RENEW_DAYS = 30
SHORTEST_PASSWORD = 8
FOLDER = click.option("--folder", type=click.Path(path_type=Path), help="Where the files lie: tls in the state folder by default.")
NAMES = click.option("--name", "names", multiple=True, help="One more name or address under which browsers ask; as many as needed.")
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
@click.option("--config", type=click.Path(path_type=Path), help="Settings file that says where the state folder is.")
@click.pass_context
def cert(ctx: click.Context, *, config: Path | None) -> None:
    """The site's own CA and certificates: init, show, renew, client."""
    ctx.obj = Where(config=config).over(ctx.find_object(Where) or Where())


@cert.command()
@FOLDER
@NAMES
@click.option("--new-authority", is_flag=True, help="A new CA in place of the old one: every browser must be told anew.")
@click.pass_obj
def init(where: Where, *, folder: Path | None, names: tuple[str, ...], new_authority: bool) -> None:
    """Make a private CA and a server certificate with every name and address of this machine in it, and print what [web] takes."""
    from fenghuo.service import certificates

    kept = _folder(where, folder)
    if (kept / CA_KEY).exists() and not new_authority:
        raise CannotCreate(f"{kept / CA_KEY} is there already; fenghuo cert renew makes a new server certificate, --new-authority a new CA")
    _make(kept)
    now = datetime.now(UTC)
    authority = certificates.new_authority(_node(where), now)
    _write(kept / CA_KEY, authority.key, for_service=False)
    _write(kept / CA, authority.certificate)
    _sign(kept, where, names, now)
    click.echo("put this into [web] of the settings:")
    click.echo(f'certificate = "{kept / SERVER}"\nprivate_key_file = "{kept / SERVER_KEY}"\nclient_ca = "{kept / CA}"')
    click.echo(clean(f"and {kept / CA} into the browsers of the consoles, as an authority that they trust"))


@cert.command()
@FOLDER
@NAMES
@click.pass_obj
def renew(where: Where, *, folder: Path | None, names: tuple[str, ...]) -> None:
    """A new server certificate and key by the same CA, with the names and addresses that this machine has now."""
    kept = _folder(where, folder)
    if not (kept / CA_KEY).exists():
        raise FormatError(f"{kept / CA_KEY} is not there; fenghuo cert init makes a CA", code="unreadable", where=str(kept))
    _sign(kept, where, names, datetime.now(UTC))


@cert.command()
@FOLDER
@AS_JSON
@click.pass_obj
def show(where: Where, *, folder: Path | None, as_json: bool) -> None:
    """What is there, until when, and which name or address of this machine is not in it. Exit 1 when something must be done."""
    from fenghuo.service import certificates
    from fenghuo.service.machine_names import machine_names

    kept = _folder(where, folder)
    now = datetime.now(UTC).timestamp()
    found = {file: certificates.describe(_read(kept / file)) for file in (CA, SERVER)}
    absent = [name for name in (*machine_names(), *_hosts(where)) if name not in found[SERVER].names]
    rows: list[dict[str, Any]] = [
        {"file": file, "subject": one.subject, "days": one.days(now), "names": one.names, "sha256": one.digest}
        for file, one in found.items()
    ]
    is_due = any(one.days(now) < RENEW_DAYS for one in found.values())
    if as_json:
        print_json({"certificates": rows, "missing": absent, "renew": is_due or bool(absent)})
    else:
        for row in rows:
            click.echo(clean(f"{row['file']}: {row['subject']}, {row['days']} days left, SHA-256 {row['sha256']}"))
            click.echo(clean(f"  {', '.join(row['names']) or '(no names)'}"))
        if absent:
            click.echo(clean(f"not in it: {', '.join(absent)}; fenghuo cert renew takes them in"))
    click.get_current_context().exit(Exit.NEGATIVE if is_due or absent else Exit.OK)


@cert.command()
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path))
@FOLDER
@click.pass_obj
def client(where: Where, *, name: str, file: Path, folder: Path | None) -> None:
    """A certificate for the person or program NAME: FILE.p12 for a browser, asking for a password; FILE.pem, with its key, for a program.
    Prints the SHA-256 by which it is pinned: fenghuo user certificate, or certificate_sha256 of a token."""
    from fenghuo.service import certificates

    kept = _folder(where, folder)
    authority = certificates.Issued(_read(kept / CA), _read(kept / CA_KEY))
    issued = certificates.for_client(authority, name, datetime.now(UTC))
    if file.suffix == ".p12":
        password = secret("Password of the file", again=True)
        if len(password) < SHORTEST_PASSWORD:
            raise FormatError(f"the password must have {SHORTEST_PASSWORD} characters at least", code="weak-password", where="password")
        _write(file, certificates.packed(issued, authority, name, password))
    elif file.suffix == ".pem":
        _write(file, issued.certificate + issued.key)
    else:
        raise FormatError(f"{file} ends in neither .p12, for a browser, nor .pem, for a program", code="bad-argument", where="file")
    click.echo(f"sha256 = {certificates.describe(issued.certificate).digest}")


def _sign(kept: Path, where: Where, names: Iterable[str], now: datetime) -> None:
    from fenghuo.service import certificates
    from fenghuo.service.machine_names import machine_names

    known = tuple(dict.fromkeys((*machine_names(), *_hosts(where), *names)))
    issued = certificates.for_server(certificates.Issued(_read(kept / CA), _read(kept / CA_KEY)), known, now)
    _write(kept / SERVER_KEY, issued.key)
    _write(kept / SERVER, issued.certificate)
    click.echo(clean(f"{kept / SERVER} is for {', '.join(known)}; {certificates.SERVER_DAYS} days"))


def _folder(where: Where, folder: Path | None) -> Path:
    if folder is not None:
        return folder.absolute()
    if where.config is None:
        raise FormatError("say --config or --folder: where the files are to lie", code="bad-argument", where="folder")
    return place(where.config).state / "tls"


def _raw(where: Where) -> dict[str, Any]:
    if where.config is None:
        return {}
    try:
        return tomllib.loads(where.config.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError((f"{where.config}: cannot be read: {error}",)) from error


def _node(where: Where) -> str:
    table = _raw(where).get("node", {})
    return str(table.get("name", "")) if isinstance(table, dict) else ""


def _hosts(where: Where) -> list[str]:
    """The names of [web] hosts: browsers ask by them."""
    table = _raw(where).get("web", {})
    return [str(name) for name in table.get("hosts", ())] if isinstance(table, dict) else []


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FormatError(
            f"{file} cannot be read: {error.strerror}; fenghuo cert init makes it", code="unreadable", where=str(file)
        ) from error


def _make(folder: Path) -> None:
    """The folder, for whoever has the one it lies in: root makes it, and the service's account reads it."""
    if not folder.exists():
        folder.mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0:
            owner = folder.parent.stat()
            os.chown(folder, owner.st_uid, owner.st_gid)


def _write(file: Path, octets: bytes, *, for_service: bool = True) -> None:
    """Whole or not at all, for its owner alone from the first octet. What root writes belongs to the owner of the folder, unless the
    service has no use for it."""
    new = file.with_name(f".{file.name}.new")
    try:
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as made:
            made.write(octets)
            made.flush()
            os.fsync(made.fileno())
            if for_service and os.geteuid() == 0:
                owner = file.parent.stat()
                os.fchown(made.fileno(), owner.st_uid, owner.st_gid)
        new.replace(file)
    except OSError as error:
        raise CannotCreate(f"{file} cannot be written: {error.strerror}") from error
