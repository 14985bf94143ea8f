"""The settings file as JSON Schema, for editors, and as a reference page: both made from the tables and the plugins' own structs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import inspect as kinds

from fenghuo.formats.table_reading import phrase
from fenghuo.plugin.host import PluginHost
from fenghuo.service.settings_tables import ChannelTable, FileTable, InstanceTable

__all__ = ["reference", "schema"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
TEMPLATE = "#/$defs/{name}"

FAMILIES = (("channels", "ChannelTable"), ("fronts", "InstanceTable"), ("sources", "InstanceTable"), ("sensors", "InstanceTable"))


def schema(host: PluginHost) -> dict[str, Any]:
    """JSON Schema 2020-12 of a settings file with these plugins: unknown keys refused, `settings` bound to `type`."""
    structs = [kind for _, _, kind in _types(host)]
    (top, *_), parts = msgspec.json.schema_components((FileTable, ChannelTable, InstanceTable, *structs), ref_template=TEMPLATE)
    names = [name for name in parts if parts[name].get("type") == "object"]
    for name in names:
        parts[name]["additionalProperties"] = False
    file = parts["FileTable"]
    for family, table in FAMILIES:
        variants = [_variant(type_id, struct.__name__, table) for found, type_id, struct in _types(host) if found == family]
        file["properties"][family]["additionalProperties"] = {"allOf": [{"$ref": TEMPLATE.format(name=table)}, *variants]}
    return {"$schema": DIALECT, "title": "Fenghuo settings", **top, "$defs": dict(sorted(parts.items()))}


def reference(host: PluginHost) -> str:
    """Every key of the settings file, table by table, as Markdown."""
    lines = [
        "# Settings",
        "",
        "One TOML file. Relative paths are relative to it; unknown keys are refused; `fenghuo config check` names every mistake at once.",
        "A secret never stands in the file: it is a file of its own, or a systemd credential, written `credential:NAME` where a plugin's",
        "settings name a secret file. This page and settings.schema.json are made from the code by `python -m tools.settings_reference`.",
        "",
    ]
    for field in msgspec.structs.fields(FileTable):
        lines += _section(_title(field), _struct_of(field.type))
    for family, type_id, struct in _types(host):
        lines += _section(f'[{family}.NAME.settings] with type = "{type_id}"', struct)
    return "\n".join(lines).rstrip() + "\n"


def _title(field: msgspec.structs.FieldInfo) -> str:
    """How the table is headed in the file: one, one for each name, or a list of them."""
    match kinds.type_info(field.type):
        case kinds.DictType() if field.name != "demo":
            return f"[{field.name}.NAME]"
        case kinds.VarTupleType():
            return f"[[{field.name}]]"
        case _:
            return f"[{field.name}]"


def _types(host: PluginHost) -> list[tuple[str, str, type[msgspec.Struct]]]:
    """(family, type id, settings struct) of everything the plugins bring, in a stable order."""
    families: tuple[tuple[str, Mapping[str, tuple[str, Any]]], ...] = (
        ("channels", host.channel_types),
        ("fronts", host.front_types),
        ("sources", host.source_types),
        ("sensors", host.sensor_types),
    )
    return [(family, name, found[name][1].settings) for family, found in families for name in sorted(found)]


def _variant(type_id: str, struct: str, table: str) -> dict[str, Any]:
    has_type = {"properties": {"type": {"const": type_id}}, "required": ["type"]}
    return {"if": has_type, "then": {"properties": {"settings": {"$ref": TEMPLATE.format(name=struct)}}}}


def _struct_of(kind: Any) -> type[msgspec.Struct] | None:
    """The table behind a field's type: itself, its optional, the items of its list, or the values of its dict."""
    info = kinds.type_info(kind)
    inner = info.value_type if isinstance(info, kinds.DictType) else info.item_type if isinstance(info, kinds.VarTupleType) else info
    options = inner.types if isinstance(inner, kinds.UnionType) else (inner,)
    return next((one.cls for one in options if isinstance(one, kinds.StructType)), None)


def _section(title: str, struct: type[msgspec.Struct] | None) -> Iterable[str]:
    if struct is None:
        return [f"## {title}", "", "Read by `fenghuo demo` alone; the daemon ignores it.", ""]
    text = " ".join((struct.__doc__ or "").split())
    rows = [_row(field) for field in msgspec.structs.fields(struct)]
    return [f"## {title}", "", text, "", "| key | must be | default | meaning |", "|---|---|---|---|", *rows, ""]


def _row(field: msgspec.structs.FieldInfo) -> str:
    default = "required" if field.required else f"`{_default(field)}`"
    info = kinds.type_info(field.type)
    meaning = (info.extra_json_schema or {}).get("description", "") if isinstance(info, kinds.Metadata) else ""
    must_be = phrase(field.type).replace("|", "\\|")
    return f"| `{field.encode_name}` | {must_be} | {default} | {meaning} |"


def _default(field: msgspec.structs.FieldInfo) -> str:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else msgspec.json.encode(value).decode()
