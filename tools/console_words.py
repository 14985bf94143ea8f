"""The words of the console: one TOML file a screen, key = {zh, en}; made into one catalogue a language that the page fetches.

`python -m tools.console_words` writes plugins/fenghuo_console/static/i18n; `--check` only says what is wrong.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = [
    "CATALOGUES",
    "SOURCES",
    "WORDS",
    "alarm_words",
    "asked",
    "catalogues",
    "faults",
    "literals",
    "main",
    "read_words",
    "sentence_words",
    "used",
]

ALARMS = Path(__file__).resolve().parents[1] / "core/fenghuo/engine/alarms.toml"
"""The daemon's catalogue of alarms: its words are taken from there, and stand nowhere a second time."""
SENTENCES = Path(__file__).resolve().parents[1] / "core/fenghuo/formats/sentences.toml"
"""What the desk says in sentences: likewise."""
PLUGIN = Path(__file__).resolve().parents[1] / "plugins/fenghuo_console"
WORDS = PLUGIN / "words"
STATIC = PLUGIN / "static"
CATALOGUES = {"zh-CN": "zh", "en": "en"}
"""Catalogue → the member of an entry that it takes."""
SOURCES = ("js", "screens")

PLACEHOLDER = re.compile(r"\{(\w+)\}")
QUOTED = re.compile(r"""["'`]([a-z][\w-]*(?:\.[\w-]+)+)["'`]""")
CALL = re.compile(r"\bt\(")
TITLE = re.compile(r'\btitle: "([\w.-]+)"')
STEM = re.compile(r"""(?:`([a-z][\w-]*(?:\.[\w-]+)*)\.\$\{|named\("([\w.-]+)")""")
CJK = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\"'`])//[^\n]*", re.DOTALL)

Words = dict[str, dict[str, Any]]


def read_words(folder: Path = WORDS) -> Words:
    """Every entry of every file. Raises: ValueError: a key that stands in two files."""
    words: Words = {}
    for file in sorted(folder.glob("*.toml")):
        for key, entry in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if key in words:
                raise ValueError(f"{file.name}: {key} stands in another file already")
            words[key] = entry
    return words


def alarm_words() -> Words:
    """What the daemon's own catalogue calls each alarm, what comes of it, and what to do."""
    kinds = tomllib.loads(ALARMS.read_text(encoding="utf-8"))
    parts = ("title", "consequence", "action")
    return {
        f"alarm.{part}.{name}": {language: kind[language][part] for language in ("zh", "en")}
        for name, kind in kinds.items()
        for part in parts
    }


def sentence_words() -> Words:
    """The sentences of the desk, each under `says.` and its code."""
    return {f"says.{code}": entry for code, entry in tomllib.loads(SENTENCES.read_text(encoding="utf-8")).items()}


def catalogues(words: Words) -> dict[str, str]:
    """Catalogue → its JSON, sorted, a line a key: a change reads as one."""
    return {
        name: json.dumps({key: words[key][member] for key in sorted(words)}, ensure_ascii=False, indent=0) + "\n"
        for name, member in CATALOGUES.items()
    }


def used(sources: Mapping[str, str]) -> tuple[set[str], set[str]]:
    """Keys that the sources name whole, and stems to which they add a code of the server's."""
    texts = [COMMENT.sub("", text) for text in sources.values()]
    whole = {key for text in texts for key in QUOTED.findall(text)}
    stems = {first or second for text in texts for first, second in STEM.findall(text)}
    return whole, stems


def asked(sources: Mapping[str, str]) -> set[str]:
    """Keys of which the sources ask for the words: in the first argument of t(), or as a title."""
    found: set[str] = set()
    for text in (COMMENT.sub("", text) for text in sources.values()):
        found.update(TITLE.findall(text))
        for match in CALL.finditer(text):
            found.update(QUOTED.findall(_first_argument(text, match.end())))
    return found


def _first_argument(text: str, start: int) -> str:
    depth = 0
    for at in range(start, len(text)):
        if text[at] in "([{":
            depth += 1
        elif depth and text[at] in ")]}":
            depth -= 1
        elif text[at] in "),":
            return text[start:at]
    return text[start:]


def literals(sources: Mapping[str, str]) -> list[str]:
    """Lines of code that say something to a Chinese reader past the catalogue."""
    found = []
    for name, text in sources.items():
        bare = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
        found += [f"{name}:{number}: {line.strip()}" for number, line in enumerate(bare.splitlines(), 1) if CJK.search(line)]
    return found


def faults(words: Words, sources: Mapping[str, str]) -> list[str]:
    """A sentence for each entry that is not as it should be, and each key that is missing or used nowhere."""
    found = [fault for key, entry in words.items() for fault in _entry_faults(key, entry)]
    whole, stems = used(sources)
    missing = sorted(asked(sources) - words.keys())
    found += [f"{key}: the page asks for it, and there are no words" for key in missing]
    unused = sorted(key for key in words if key not in whole and not any(key.startswith(f"{stem}.") for stem in stems))
    return found + [f"{key}: nothing of the page says it" for key in unused]


def _entry_faults(key: str, entry: Mapping[str, Any]) -> Iterable[str]:
    if set(entry) != set(CATALOGUES.values()):
        yield f"{key}: needs zh and en, and nothing else"
        return
    if not isinstance(entry["zh"], str):
        yield f"{key}: zh has no plural"
        return
    forms = entry["en"] if isinstance(entry["en"], dict) else {"other": entry["en"]}
    if isinstance(entry["en"], dict) and set(forms) != {"one", "other"}:
        yield f"{key}: en has the forms one and other"
    asked = set(PLACEHOLDER.findall(entry["zh"]))
    for form, text in forms.items():
        if set(PLACEHOLDER.findall(text)) | ({"n"} if form == "one" else set()) != asked | ({"n"} if form == "one" else set()):
            yield f"{key}: zh and en do not take the same {{names}}"


def sources() -> dict[str, str]:
    """Path under static/ → the page's own text."""
    files = sorted(file for folder in SOURCES for file in (STATIC / folder).glob("*.js"))
    return {str(file.relative_to(STATIC)): file.read_text(encoding="utf-8") for file in files}


def main(arguments: list[str]) -> int:
    """0; 1: something is wrong, and has been said."""
    words = read_words() | alarm_words() | sentence_words()
    wrong = faults(words, sources()) + literals(sources())
    made = catalogues(words)
    if "--check" in arguments:
        wrong += [name for name, text in made.items() if _stands(name) != text]
    else:
        (STATIC / "i18n").mkdir(exist_ok=True)
        for name, text in made.items():
            (STATIC / f"i18n/{name}.json").write_text(text, encoding="utf-8")
    print("\n".join(wrong) or f"{len(words)} keys")
    return int(bool(wrong))


def _stands(name: str) -> str:
    file = STATIC / f"i18n/{name}.json"
    return file.read_text(encoding="utf-8") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
