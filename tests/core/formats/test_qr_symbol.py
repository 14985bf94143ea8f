"""A text as a symbol: what is drawn for a page and for a terminal is the same one."""

from __future__ import annotations

import re
from urllib.parse import unquote

from fenghuo.formats.qr_symbol import QUIET, half_blocks, svg_uri

TEXT = "otpauth://totp/Fenghuo%20taicang:zhang?secret=JBSWY3DPEHPK3PXP&issuer=Fenghuo%20taicang"
DARK = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def test_a_terminal_and_a_page_show_the_same_symbol_with_its_quiet_zone() -> None:
    """Black on white in both; the picture asks nobody for anything."""
    uri = svg_uri(TEXT)
    assert uri.startswith("data:image/svg+xml,%3Csvg")
    runs = re.findall(r"M(\d+),(\d+)h(\d+)v1h-\3z", unquote(uri))
    drawn = {(int(x) + step, int(y)) for x, y, width in runs for step in range(int(width))}
    lines = [line.removeprefix("\x1b[30;107m").removesuffix("\x1b[0m") for line in half_blocks(TEXT)]
    written = {(x, 2 * row + low) for row, line in enumerate(lines) for x, sign in enumerate(line) for low in (0, 1) if DARK[sign][low]}
    assert drawn == written
    assert (QUIET, QUIET) == (min(x for x, _ in drawn), min(y for _, y in drawn))


def test_without_colours_the_light_modules_are_written() -> None:
    """The usual terminal is light on dark; there the symbol must still be dark on light."""
    plain, coloured = half_blocks(TEXT, colour=False), half_blocks(TEXT)
    assert {"█"} == set(plain[0])
    assert {" "} == set(coloured[0].removeprefix("\x1b[30;107m").removesuffix("\x1b[0m"))
    assert "\x1b" not in "".join(plain)
