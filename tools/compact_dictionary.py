"""Makes a dictionary of the compact frame from sample texts of our own: `python -m tools.compact_dictionary NUMBER`.

A number that has left this house is never made again: frames on air name it. New texts make a new number.
"""

from __future__ import annotations

import csv
import heapq
import math
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXTS = ROOT / "tools/compact_texts"
AREAS = ROOT / "config/taicang/areas.csv"

# Of the special tokens the share of all tokens, in thousandths: nothing in the samples says it.
HAN_SPECIALS = {"␃": 40, "␎": 6, "␛": 1, "␐": 4, "␑": 30}
LATIN_SPECIALS = {"␃": 60, "␎": 3, "␛": 2, "␐": 15, "␊": 10, "␢": 12}
# How much each voice weighs: sentences, words, letters, what machines write.
SAMPLES, WORDS, LETTERS, NAMES = 0.4, 0.38, 0.16, 0.06
_ENGLISH = (100, 80, 75, 70, 70, 67, 63, 60, 50, 45, 42, 33, 29, 28, 24, 22, 21, 20, 19, 17, 11, 9, 3, 3, 2, 2)
_PAIRS = "er an in on al en ar or es re at st le ra la ch ne ri ti ed ing ll ro th el il ma de co un is ol am ta ka be ha na ga li no mi lo"
LETTER_SHARES = dict(zip("etaoinsrhldcumfpgwybvkxjqz", _ENGLISH, strict=True))
LETTER_SHARES |= {pair: 12 - 8 * rank // 44 for rank, pair in enumerate(_PAIRS.split())}
LETTER_SHARES |= dict.fromkeys("0123456789", 14) | {
    " ": 12,
    ".": 12,
    "-": 8,
    ",": 6,
    "/": 6,
    "(": 3,
    ")": 3,
    "'": 3,
    ":": 3,
    ";": 2,
    "!": 2,
    "&": 1,
}
LETTER_SHARES |= dict.fromkeys("éèàöüäáíóçñ°_@+%*#?", 1)

CAPS, SHIFT = "␙", "␚"
SEPARATOR = "␟"
LONGEST_CODE = 16
LINE = 132

# What every table must be able to say without an escape, however rare.
HAN_LETTERS = "0123456789，。、：；！？（）《》“”—～％℃【】〔〕[]()#+-./ \n"
LATIN_LETTERS = CAPS + SHIFT + "".join(map(chr, range(32, 65))) + "[\\]^_`" + "".join(map(chr, range(97, 127)))
LATIN_LETTERS += "\n\r\tàâäáãçéèêëíîïñóôöõúûüßÉÀ°–—’“”…«»абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_FIGURES = re.compile(r"\d\D+\d|\d{3}")
_INNERMOST = re.compile(r"\{([^{}]*)\}")
_BETWEEN = re.compile(r"\|(?![^{}]*\})")
_RANGE = re.compile(r"(\d+)-(\d+)")
_WORD = re.compile(r"[a-zÀ-ÿа-яё']+|\d+|[^a-zÀ-ÿа-яё'\d]")
_CAPITALS = re.compile(r"[A-Z]{2,}(?:[^a-z]*[A-Z]{2,})*")
_CAPITAL = re.compile(r"( ?)([A-Z])")


def samples(name: str, *, copies: int) -> list[str]:
    """The lines of a sample file with their choices made, each line `copies` times; one without choices a quarter as often."""
    chance = random.Random(name)
    names: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (TEXTS / name).read_text(encoding="utf-8").splitlines():
        left, equals, right = line.partition(" = ")
        if equals and len(left) < 8 and " " not in left:
            names[left] = _BETWEEN.split(right)
        elif line and not line.startswith("#"):
            lines += [_chosen(line, names, chance) for _ in range(copies if "{" in line else max(1, copies // 4))]
    return lines


def _chosen(line: str, names: dict[str, list[str]], chance: random.Random) -> str:
    def choice(found: re.Match[str]) -> str:
        inside = found[1]
        span = _RANGE.fullmatch(inside)
        if span:
            number = chance.randint(int(span[1]), int(span[2]))
            return str(number).zfill(len(span[1]) if span[1].startswith("0") or len(span[1]) == len(span[2]) else 0)
        choices: list[str] = names.get(inside) or inside.split("|")
        return chance.choice(choices)

    # A name of the file may stand for a choice that holds other choices, so it goes on until none is left.
    while "{" in line:
        line = _INNERMOST.sub(choice, line)
    return line


def han_pieces(line: str) -> Iterator[str]:
    """Every run of 2 to 10 characters that may become a token; none crosses the end of a sentence."""
    for part in re.findall(r"[^。；\s]+[。；]?", line):
        spans = ((start, start + length) for start in range(len(part)) for length in range(2, 11))
        yield from (part[start:end] for start, end in spans if end <= len(part) and not _FIGURES.search(part[start:end]))


def folded(line: str) -> str:
    """The line as the Latin table sees it: small letters, marks where capitals stand, a blank before the first word."""
    line = _CAPITALS.sub(lambda found: CAPS + found[0].lower() + CAPS, " " + line)
    return _CAPITAL.sub(lambda found: SHIFT + found[1] + found[2].lower(), line).replace(" " + CAPS, CAPS + " ")


def latin_pieces(line: str) -> Iterator[str]:
    """Words with the blank before them, two words in a row, and the beginnings and ends of words."""
    words = _joined(_WORD.findall(line))
    for at, word in enumerate(words):
        for count in (1, 2):
            piece = "".join(words[at : at + count])
            if 1 < len(piece) <= 18 and not _FIGURES.search(piece) and not {CAPS, SHIFT} & set(piece):
                yield piece
        bare = word.strip()
        for length in range(2, 7):
            if len(bare) > length and bare.isalpha():
                yield bare[:length]
                yield bare[-length:]
                yield " " + bare[:length]


def ranked(name: str) -> dict[str, float]:
    """Words of a list, the commonest first, with their share by Zipf's law (as Mandelbrot bent it)."""
    text = (TEXTS / name).read_text(encoding="utf-8")
    words = dict.fromkeys(word for line in text.splitlines() if not line.startswith("#") for word in line.split())
    shares = {word: 1 / (rank + 8) for rank, word in enumerate(words)}
    total = sum(shares.values())
    return {word: share / total for word, share in shares.items()}


def _joined(words: list[str]) -> list[str]:
    """Words with their leading blank as one."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == " " and word != " ":
            joined[-1] += word
        else:
            joined.append(word)
    return joined


def segmented(line: str, cost: dict[str, float], beginnings: set[str]) -> list[str]:
    """The cheapest sequence of tokens that is the line. `beginnings`: of all tokens, so that a search ends where none goes on."""
    size = len(line)
    best = [0.0, *[math.inf] * size]
    came = [0] * (size + 1)
    for start in range(size):
        so_far = best[start]
        end = start + 1
        while end <= size and (piece := line[start:end]) in beginnings:
            price = so_far + cost.get(piece, math.inf)
            if price < best[end]:
                best[end], came[end] = price, start
            end += 1
    tokens: list[str] = []
    end = size
    while end:
        tokens.append(line[came[end] : end])
        end = came[end]
    return tokens


def vocabulary(lines: list[str], pieces: Counter[str], letters: str, *, size: int, short: int) -> Counter[str]:
    """The `size` tokens that make the lines shortest, with their counts (a unigram model, pruned round by round).

    Every other round counts tokens of at most `short` characters only: real alerts share words with the samples, not sentences.
    """
    lines = sorted(set(lines))
    counts = Counter({piece: count for piece, count in pieces.items() if count >= 3}) + Counter("".join(lines)) + Counter(letters)
    for keep in (8_000, size * 2, size * 4 // 3, size, size):
        whole, parts = _counted(lines, counts, 20), _counted(lines, counts, short)
        counts = whole + parts
        kept = dict(sorted(counts.items(), key=lambda item: (-_gain(*item), item[0]))[:keep])
        counts = Counter({token: kept.get(token, 0) + (token in letters) for token in kept.keys() | set(letters) | set("".join(lines))})
    return counts


def _gain(token: str, count: int) -> float:
    return count * (len(token) - 0.8)


def _counted(lines: list[str], counts: Counter[str], longest: int) -> Counter[str]:
    total = sum(counts.values())
    cost = {token: math.log2(total / max(count, 0.5)) for token, count in counts.items() if len(token) <= longest}
    beginnings = {token[:length] for token in cost for length in range(1, len(token) + 1)}
    return Counter(token for line in lines for token in segmented(line, cost, beginnings))


def code_lengths(weights: dict[str, float]) -> dict[str, int]:
    """Lengths of a Huffman code with none above LONGEST_CODE; what is too rare is taken for less rare until it fits."""
    floor = 0.0
    total = sum(weights.values())
    while True:
        heap: list[tuple[float, int, tuple[str, ...]]] = [
            (max(weight, floor), order, (token,)) for order, (token, weight) in enumerate(sorted(weights.items()))
        ]
        heapq.heapify(heap)
        lengths = dict.fromkeys(weights, 0)
        for order in range(len(heap), 2 * len(heap) - 1):
            (one, _, left), (two, _, right) = heapq.heappop(heap), heapq.heappop(heap)
            for token in left + right:
                lengths[token] += 1
            heapq.heappush(heap, (one + two, order, left + right))
        if max(lengths.values()) <= LONGEST_CODE:
            return lengths
        floor = max(floor * 1.3, total / 2**LONGEST_CODE)


def table(counts: Counter[str], specials: dict[str, int], words: dict[str, float], others: dict[str, float]) -> list[tuple[int, str]]:
    """(length, token) in the order of the code: by length, then by the token itself.

    The samples are one voice, the list of words another; `others` are what both do not hold.
    """
    total = sum(counts.values())
    weights: dict[str, float] = dict.fromkeys({*counts, *words, *others}, 0.0)
    for token in weights:
        weights[token] = SAMPLES * (counts[token] + 0.3) / total + WORDS * words.get(token, 0.0) + others.get(token, 0.0)
    weights |= {token: share / 1000 for token, share in specials.items()}
    return sorted((length, token) for token, length in code_lengths(weights).items())


def written(name: str, rows: Iterable[tuple[int, str]]) -> Iterator[str]:
    """The table as source: (length, tokens joined by SEPARATOR), in lines that fit."""
    yield f"{name}: tuple[tuple[int, str], ...] = ("
    for length, tokens in _by_length(rows).items():
        line = ""
        for token in tokens:
            grown = f"{line}{SEPARATOR}{token}" if line else token
            if line and _width(repr(grown)) > LINE - 12:
                yield f"    ({length}, {_quoted(line)}),"
                grown = token
            line = grown
        yield f"    ({length}, {_quoted(line)}),"
    yield ")"


def _by_length(rows: Iterable[tuple[int, str]]) -> dict[int, list[str]]:
    grouped: dict[int, list[str]] = {}
    for length, token in rows:
        grouped.setdefault(length, []).append(token)
    return grouped


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


def _width(text: str) -> int:
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


def area_names() -> list[str]:
    """Names of towns and villages of the example directory, and the latter without what kind of village it is."""
    with AREAS.open(encoding="utf-8", newline="") as handle:
        names = [row["name"] for row in csv.DictReader(handle)]
    return names + [re.sub(r"(社区)?居委会$|村委会$", "", name) for name in names if len(name) > 4]


def tables() -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The Chinese table and the Latin one."""
    lines = samples("zh.txt", copies=40) + area_names()
    han = vocabulary(lines, Counter(piece for line in lines for piece in han_pieces(line)), HAN_LETTERS, size=1700, short=3)
    lines = [folded(line) for line in samples("en.txt", copies=16)]
    latin = vocabulary(lines, Counter(piece for line in lines for piece in latin_pieces(line)), LATIN_LETTERS, size=1900, short=8)
    words = {" " + word: share for word, share in ranked("words_en.txt").items()}
    others = Counter({letter: LETTERS * share / 1000 for letter, share in LETTER_SHARES.items()})
    others.update({name: NAMES * share for name, share in ranked("names.txt").items()})
    return table(han, HAN_SPECIALS, ranked("words_zh.txt"), {}), table(latin, LATIN_SPECIALS, words, dict(others))


def main() -> None:
    number = int(sys.argv[1])
    for name, rows in zip(("HAN", "LATIN"), tables(), strict=True):
        out = [
            f'"""Dictionary {number} of the compact frame, table {name}, made by tools/compact_dictionary.py: frames on air name it."""',
            "",
            "from __future__ import annotations",
            "",
            f'__all__ = ["{name}"]',
            "",
            "# fmt: off",
            *written(name, rows),
        ]
        path = ROOT / f"core/fenghuo/formats/compact_dictionary_{number}_{name.lower()}.py"
        path.write_text("\n".join(out) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
