"""What an operator may write for a desk that prints sheets, and what the answer to a slip is."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fenghuo import ConfigError, Doubt, Evidence, FormatError
from fenghuo_runner import SheetSettings, capabilities
from fenghuo_runner.households import Household, common_place, households_at, read_households
from fenghuo_runner.outlets import why_not_ready
from fenghuo_runner.returned import Returned, read_returned
from fenghuo_runner.settings import faults, masked, place

HEAD = "place,household,people,note\n"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, 'needs a place where sheets come out: out_folder = "/var/lib/fenghuo/sheets", command or printer_path'),
        ({"out_folder": "sheets"}, 'out_folder "sheets" does not begin with /; write the whole path'),
        ({"printer_path": "/dev/usb/lp0", "returns_folder": "back"}, 'returns_folder "back" does not begin with /; write the whole path'),
        (
            {"out_folder": "/a", "columns": 1},
            "columns = 1 has no room for a Chinese character, which takes two; write 32 for a roll of 58 mm",
        ),
        ({"out_folder": "/a", "charset": "gbk"}, "Invalid enum value 'gbk' - at `$.charset`"),
        ({"out_folder": "/a", "back_s": 0}, "Expected `float` > 0.0 - at `$.back_s`"),
        ({"out_folder": "/a", "carriers": {"": "王"}}, "a place is empty; write where the sheet is carried, for example 洪泾村3组"),
        (
            {"out_folder": "/a", "there_s": 600, "back_s": 60},
            "there_s = 600 is longer than back_s = 60; a sheet is there before it is back",
        ),
        (
            {"out_folder": "/a/b", "returns_folder": "/a/c/../b/"},
            "out_folder /a/b and returns_folder /a/c/../b/ are one folder: its sheets would be read as what comes back;"
            " give each a folder of its own",
        ),
        ({"out": "/a"}, "Object contains unknown field `out`"),
    ],
)
def test_a_slip_gets_a_sentence(settings: dict[str, object], says: str) -> None:
    """With the value, and what would be right."""
    with pytest.raises(msgspec.ValidationError) as refusal:
        msgspec.convert(settings, SheetSettings)
    assert says == str(refusal.value)


def test_a_font_and_a_list_that_cannot_be_used_are_told_before_a_start(tmp_path: Path) -> None:
    """`fenghuo config check` calls this."""
    settings = SheetSettings(out_folder="/a", font_path=str(tmp_path / "song.ttf"), households_file="houses.csv")
    assert {
        "font_path": "is not there; it must name a TrueType font (.ttf) with the characters of the county",
        "households_file": "cannot be used: line 2 has 1 cells; place,household,people,note are 4",
    } == faults(settings, lambda path: HEAD + "洪泾村\n")

    def unreadable(path: str) -> str:
        raise ConfigError(f"the file {path} is empty")

    (tmp_path / "song.ttf").touch()
    assert {"households_file": "cannot be used: the file houses.csv is empty"} == faults(settings, unreadable)
    assert {} == faults(SheetSettings(command=("lp",)), unreadable)


def test_one_folder_under_two_names_is_told_before_a_start(tmp_path: Path) -> None:
    """A symbolic link is seen where the folders are."""
    (tmp_path / "out").mkdir()
    (tmp_path / "back").symlink_to(tmp_path / "out")
    settings = SheetSettings(out_folder=str(tmp_path / "out"), returns_folder=str(tmp_path / "back"))
    sentence = (
        f"out_folder {tmp_path}/out and returns_folder {tmp_path}/back are one folder: its sheets would be read as what comes back;"
        " give each a folder of its own"
    )
    assert {"returns_folder": f"cannot be used: {sentence}"} == faults(settings, str)
    assert sentence == why_not_ready(settings)


@pytest.mark.parametrize(("typed", "kept"), [(" 洪泾村 3组 ", "洪泾村 3组"), ("e\u0301", "\u00e9")])
def test_a_place_is_written_the_one_right_way(typed: str, kept: str) -> None:
    """As it will stand on the sheet."""
    assert kept == place(typed)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        (" ", "a place is empty; write where the sheet is carried, for example 洪泾村3组"),
        ("村" * 61, "the place has 61 characters; one line of a sheet takes 60"),
        ("洪泾\u202e村", "the place holds characters that cannot be printed; write plain text"),
    ],
)
def test_a_place_that_no_sheet_can_bear_is_refused(typed: str, says: str) -> None:
    """With a sentence, at the import of the directory."""
    with pytest.raises(ValueError) as refusal:
        place(typed)
    assert says == str(refusal.value)


def test_the_house_is_masked_and_the_village_is_not() -> None:
    """What a log may show."""
    assert ("洪泾***", "村") == (masked("洪泾村3组12号"), masked("村"))


def test_the_longest_beginning_says_who_carries() -> None:
    """One for the village, another for a part of it."""
    settings = SheetSettings(out_folder="/a", carriers={"洪泾村": "王建国", "洪泾村3组": "李四"})
    assert ["李四", "王建国", ""] == [settings.carrier(where) for where in ("洪泾村3组5号", "洪泾村4组", "香塘村")]


def test_only_a_folder_can_be_asked() -> None:
    """What a printer has, nobody can say; a copy then says that it is one."""
    folder = capabilities(SheetSettings(out_folder="/a", returns_folder="/b"))
    printer = capabilities(SheetSettings(out_folder="/a", command=("lp",)))
    assert (Doubt.QUERYABLE, True) == (folder.doubt, folder.inbound)
    assert (Doubt.OPAQUE, True, False) == (printer.doubt, printer.repeat_safe, printer.inbound)


def test_a_list_of_households_is_read_as_villages_keep_it() -> None:
    """With a byte order mark, empty lines, and blanks around names."""
    read = read_households("\ufeff" + HEAD + "洪泾村3组, 张三 ,3,行动不便\n\n香塘村,李四,,\n")
    assert (Household("洪泾村3组", "张三", "3", "行动不便"), Household("香塘村", "李四", "", "")) == read
    assert ["张三"] == [one.name for one in households_at(read, "洪泾村")]


@pytest.mark.parametrize(
    ("places", "says"),
    [
        (["洪泾村1组 张三", "洪泾村12组 李四"], "洪泾村等2处"),
        (["香塘村", "洪泾村"], "香塘村等2处"),
        (["洪泾村3组"], "洪泾村3组"),
    ],
)
def test_a_sheet_for_many_says_what_their_places_have_in_common(places: list[str], says: str) -> None:
    """No number is cut in two."""
    assert says == common_place(places)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n", "it begins with the line 'a,b'; it must begin with place,household,people,note"),
        ("", "it begins with the line ''; it must begin with place,household,people,note"),
        (HEAD + "洪泾村,,3,\n", "line 2 lacks its place or its household; both must be there"),
    ],
)
def test_a_list_with_a_mistake_is_refused_with_its_line(text: str, says: str) -> None:
    """A list read by half would leave people behind."""
    with pytest.raises(ValueError) as refusal:
        read_households(text)
    assert says == str(refusal.value)


@pytest.mark.parametrize(
    ("scanned", "returned"),
    [
        ("FH1:BRZR1EK5", Returned("BRZR1EK5", Evidence.HUMAN, "")),
        ("brzr-1ek5 李 四\n", Returned("BRZR1EK5", Evidence.HUMAN, "李 四")),
        ("FH1:BRZR1EK5 李四 完成", Returned("BRZR1EK5", Evidence.DONE, "李四")),
        ("FH1:BRZR1EK5 王五 取走", Returned("BRZR1EK5", Evidence.RELAYED, "王五")),
        ("FH1:BRZR1EK5 王五 缺3,17 缺20", Returned("BRZR1EK5", Evidence.HUMAN, "王五", (3, 17, 20))),
    ],
)
def test_what_a_scanner_read_says_who_and_how_far(scanned: str, returned: Returned) -> None:
    """Read is the least that a sheet that is back can mean."""
    assert returned == read_returned(scanned)


def test_what_is_no_code_is_refused() -> None:
    """A scanner reads every symbol in front of it."""
    with pytest.raises(FormatError, match="has 13 letters and figures"):
        read_returned("6901234567892")
    with pytest.raises(FormatError):
        read_returned("")


def test_paper_is_a_way_to_the_public_without_power_and_network() -> None:
    """三无 but for a way on foot: it takes a whole public by pages, and of grid, IP and line of sight it needs nothing."""
    found = capabilities(SheetSettings(out_folder="/var/lib/fenghuo/sheets"))
    assert found.batch
    assert {"grid", "ip", "line of sight"}.isdisjoint(found.needs)
