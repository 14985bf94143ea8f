"""Logs: JSON lines for machines, plain lines on a terminal; secrets masked by type, control and bidi characters escaped."""

from __future__ import annotations

import json
import logging
import sys
import traceback
import unicodedata
from collections.abc import MutableMapping
from typing import Protocol, TextIO, cast

import msgspec
import structlog

from fenghuo.service.secrets import Secret

__all__ = ["configure", "escaped"]

Line = MutableMapping[str, object]

# Cc control, Cf format (bidi overrides, zero width), Zl and Zp separators, Cs lone surrogates: what can repaint or reorder a line.
UNSEEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs"})
MASK = "(hidden)"


class LineStream(Protocol):
    """What takes lines."""

    def isatty(self) -> bool: ...

    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


def configure(stream: LineStream, *, level: int = logging.INFO, as_json: bool | None = None) -> None:
    """Send every log line to `stream`. `as_json`: JSON lines; None chooses them unless the stream is a terminal."""
    is_json = not stream.isatty() if as_json is None else as_json
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _trace,
            _safe,
            _json_line if is_json else _plain_line,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, stream)),
        cache_logger_on_first_use=False,
    )


def escaped(text: str) -> str:
    """Text with every character that a terminal would obey, or hide, written as its code."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_code(char) if unicodedata.category(char) in UNSEEN else char for char in text)


def _trace(logger: object, method: str, line: Line) -> Line:
    """An exception as its own traceback, without local variables: those may hold secrets and persons."""
    info = line.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else _current(info)
    if error is not None:
        line["trace"] = traceback.format_exception(error)
    return line


def _current(info: object) -> BaseException | None:
    if isinstance(info, tuple):
        return info[1] if isinstance(info[1], BaseException) else None
    return sys.exc_info()[1] if info else None


def _safe(logger: object, method: str, line: Line) -> Line:
    return {name: _shown(value) for name, value in line.items()}


def _shown(value: object) -> object:
    match value:
        case None | bool() | int() | float():
            return value
        case Secret():
            return MASK
        case str():
            return escaped(value)
        case bytes():
            return f"{len(value)} octets"
        case dict():
            return {escaped(str(name)): _shown(item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_shown(item) for item in value]
        case msgspec.Struct():
            return {name: _shown(getattr(value, name)) for name in value.__struct_fields__}
        case _:
            return escaped(str(value))


def _json_line(logger: object, method: str, line: Line) -> str:
    return json.dumps({"at": line.pop("timestamp", ""), **line}, ensure_ascii=False)


def _plain_line(logger: object, method: str, line: Line) -> str:
    trace = line.pop("trace", [])
    head = f"{line.pop('timestamp', '')} {line.pop('level', '')!s:<8} {line.pop('event', '')}"
    fields = " ".join(f"{name}={value}" for name, value in line.items())
    told = "".join(f"\n    {part.rstrip()}" for part in trace) if isinstance(trace, list) else ""
    return f"{head}  {fields}".rstrip() + told


def _code(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
