"""The directory as CSV: what is read, what is refused and in which words, and what it costs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from fenghuo.formats.directory_csv import COLUMNS, read_directory, write_directory
from fenghuo.formats.official_areas import OFFICIAL, SAME_AS
from fenghuo.model.area import AreaRef, CodeSystem
from fenghuo.model.directory import ContactPoint, Directory, Person

TAICANG = Path(__file__).parents[3] / "config" / "taicang"

SOUND = {
    "areas.csv": "ref,name,level\nmca:320585105,璜泾镇,town\nnbs:320585105,双凤镇,town\n",
    "orgs.csv": "id,name\nhuangjing,璜泾镇\n",
    "roles.csv": "id,name\ninformant,灾害信息员\n",
    "persons.csv": "id,name,org,roles,areas,deputy\np1,示例甲,huangjing,informant,mca:320585105,p2\np2,示例乙,huangjing,,,\n",
    "contacts.csv": "owner,kind,address,rank,proven_at\n"
    "p1,msisdn,199 0000 0101,1,2026-11-01T08:00:00+08:00\norg:huangjing,msisdn,+8619900000102,,\n",
}


def msisdn(text: str) -> str:
    bare = text.replace(" ", "")
    if not bare.lstrip("+").isdigit():
        raise ValueError(f"{text!r} is no telephone number")
    return bare if bare.startswith("+") else f"+86{bare}"


def faults_with(**changed: str | bytes) -> list[str]:
    files = SOUND | {f"{name}.csv": text for name, text in changed.items()}
    return [str(fault) for fault in read_directory(files, {"msisdn": msisdn})[1]]


def test_a_sound_directory_is_read_whole() -> None:
    """Persons, roles, areas and contact points come out typed, addresses the one right way."""
    directory, faults = read_directory(SOUND, {"msisdn": msisdn})
    assert () == faults
    assert Person("p1", "示例甲", "huangjing", ("informant",), (AreaRef(CodeSystem.MCA, "320585105"),), "p2") == directory.persons[0]
    assert ContactPoint("p1", "msisdn", "+8619900000101", 1, 1793491200.0) == directory.contacts[0]


def test_what_is_written_reads_the_same() -> None:
    """Writing and reading gives the same directory, hence the same digest."""
    directory, _ = read_directory(SOUND, {"msisdn": msisdn})
    again, faults = read_directory(write_directory(directory), {"msisdn": msisdn})
    assert () == faults
    assert directory.digest == again.digest


def test_the_code_that_means_two_towns_is_refused_without_its_system() -> None:
    """320585105 is 璜泾镇 in one list and 双凤镇 in the other: bare, it is refused, and both meanings are said."""
    assert [
        'areas.csv, line 2, column ref: "320585105" is a code without its system; '
        "write mca:320585105 or nbs:320585105 (320585105 is 璜泾镇 in mca, 双凤镇 in nbs)"
    ] == faults_with(areas="ref,name,level\n320585105,璜泾镇,town\nmca:320585105,璜泾镇,town\n")


@pytest.mark.parametrize(("system", "wrong", "right"), [("mca", "双凤镇", "璜泾镇"), ("nbs", "璜泾镇", "双凤镇")])
def test_the_colliding_code_takes_only_its_own_name(system: str, wrong: str, right: str) -> None:
    """The pair 双凤/璜泾 is held in both directions: the name must be the official one of that system."""
    said = faults_with(areas=f"ref,name,level\n{system}:320585105,{wrong},town\n", persons="id,name,org\np1,示例,huangjing\n")
    places = ", ".join(str(ref) for ref, name in OFFICIAL.items() if name == wrong)
    assert (
        f'areas.csv, line 2, column name: "{wrong}" does not belong to {system}:320585105, which is {right}; {wrong} is {places}' == said[0]
    )


def test_a_code_of_an_older_list_is_refused() -> None:
    """A code below the county that is in neither official list needs a person, not a guess."""
    assert [
        'areas.csv, line 3, column ref: "nbs:320585402" is in no official list bundled here; '
        "older lists circulate, have a person confirm it"
    ] == faults_with(areas="ref,name,level\nmca:320585105,璜泾镇,town\nnbs:320585402,港区,town\n")


CASES: dict[str, tuple[dict[str, str | bytes], str]] = {
    "a wrong org is told with the nearest": (
        {"persons": "id,name,org\np1,示例,huangjin\n"},
        'persons.csv, line 2, column org: "huangjin" is not in orgs.csv; did you mean "huangjing"?',
    ),
    "a wrong role is told alone": (
        {"persons": "id,name,org,roles\np1,示例,huangjing,informant;informnt\n"},
        'persons.csv, line 2, column roles: "informnt" is no role in roles.csv; did you mean "informant"?',
    ),
    "nobody is their own deputy": (
        {"persons": "id,name,org,deputy\np1,示例,huangjing,p1\n"},
        'persons.csv, line 2, column deputy: "p1" is this person; the deputy must be somebody else',
    ),
    "an id is there once": (
        {"persons": "id,name,org\np1,示例,huangjing\np1,示例,huangjing\n"},
        'persons.csv, line 3, column id: "p1" stands in line 2 already; each id must be there once',
    ),
    "a name is not empty": ({"persons": "id,name,org\np1,,huangjing\n"}, 'persons.csv, line 2, column name: "" must not be empty'),
    "a name hides nothing": (
        {"persons": "id,name,org\np1,示\u202e例,huangjing\n"},
        'persons.csv, line 2, column name: "示�例" holds a control or invisible character; type it again by hand',
    ),
    "an owner is known": (
        {"contacts": "owner,kind,address\nnobody,msisdn,199\n"},
        'contacts.csv, line 2, column owner: "nobody" is no person in persons.csv; an organisation is written org:ID, an area '
        "area:mca:CODE, a group group:NAME",
    ),
    "an owner org is known": (
        {"contacts": "owner,kind,address\norg:none,msisdn,199\n"},
        'contacts.csv, line 2, column owner: "org:none" names no organisation in orgs.csv',
    ),
    "an owner area is known": (
        {"contacts": "owner,kind,address\narea:mca:320585100,msisdn,199\n"},
        'contacts.csv, line 2, column owner: "mca:320585100" is not in areas.csv; add it there or correct the code',
    ),
    "a kind is known": (
        {"contacts": "owner,kind,address\np1,fax,199\n"},
        'contacts.csv, line 2, column kind: "fax" is no kind of address that a loaded plugin knows; known are msisdn',
    ),
    "an address is held to its kind": (
        {"contacts": "owner,kind,address\np1,msisdn,abc\n"},
        "contacts.csv, line 2, column address: \"abc\" cannot be used: 'abc' is no telephone number",
    ),
    "one address of one owner is there once": (
        {"contacts": "owner,kind,address\np1,msisdn,199\np1,msisdn,+86199\n"},
        'contacts.csv, line 3, column address: "+86199" stands in line 2 already for the same owner',
    ),
    "a rank is a small number": (
        {"contacts": "owner,kind,address,rank\np1,msisdn,199,first\n"},
        'contacts.csv, line 2, column rank: "first" is no whole number from 1 to 99',
    ),
    "an instant has its zone": (
        {"contacts": "owner,kind,address,proven_at\np1,msisdn,199,2026-11-01 08:00\n"},
        'contacts.csv, line 2, column proven_at: "2026-11-01 08:00" is no instant; it must be a date and time with its zone, as '
        "2026-11-01T08:00:00+08:00",
    ),
    "a chain of parents ends": (
        {"orgs": "id,name,parent\nhuangjing,璜泾镇,x\nx,示例,huangjing\n"},
        'orgs.csv, line 2, column parent: "x" leads back to this organisation itself; a chain of parents must end',
    ),
    "a coordinate has its other half": (
        {"areas": "ref,name,level,lat,lon\nmca:320585105,璜泾镇,town,31.65,\n"},
        'areas.csv, line 2, column lon: "" must not be empty where the other coordinate is given',
    ),
    "the same place is in the other system": (
        {"areas": "ref,name,level,same_as\nmca:320585105,璜泾镇,town,mca:320585105\n"},
        'areas.csv, line 2, column same_as: "mca:320585105" is of the system mca itself; it must be the same place in the other one',
    ),
    "a column is known": (
        {"roles": "id,name,colour\ninformant,x,y\n"},
        'roles.csv, line 1, column colour: "colour" is no column of this file; known are id, name',
    ),
    "a header is there": (
        {"roles": "informant,灾害信息员\n"},
        'roles.csv, line 1, column informant: "informant" is no column of this file; known are id, name',
    ),
    "a row has as many cells as the header": (
        {"roles": "id,name\ninformant,灾害,信息员\n"},
        "roles.csv, line 2: has 3 cells under 2 columns; put a text with commas in quotes",
    ),
    "a quote is closed": ({"roles": 'id,name\ninformant,"灾害\n'}, "roles.csv, line 2: is not CSV from here on: unexpected end of data"),
    "a file is one of ours": (
        {"people": "id\n"},
        "people.csv: is no file of a directory; known are areas.csv, orgs.csv, roles.csv, persons.csv, contacts.csv",
    ),
    "letters can be read": (
        {"roles": b"id,name\ninformant,\xff\xff\n"},
        "roles.csv, line 2: is neither UTF-8 nor GB18030; save it as CSV UTF-8",
    ),
}


@pytest.mark.parametrize("statement", CASES)
def test_each_mistake_is_told_in_its_sentence(statement: str) -> None:
    """A mistake brings a sentence with file, line, column, value and what would be right."""
    changed, sentence = CASES[statement]
    assert sentence in faults_with(**changed)


def test_spreadsheet_encodings_are_taken_and_gb18030_is_said() -> None:
    """UTF-8 with a byte-order mark says nothing; GB18030 is read and noted, and a note forbids nothing."""
    assert [] == faults_with(roles="\ufeffid,name\r\ninformant,灾害信息员\r\n".encode())
    directory, faults = read_directory(SOUND | {"roles.csv": "id,name\ninformant,灾害信息员\n".encode("gb18030")}, {"msisdn": msisdn})
    assert "灾害信息员" == directory.roles[0].name
    assert ["roles.csv: is not UTF-8 and was read as GB18030; check the names, or save it as CSV UTF-8"] == [str(fault) for fault in faults]
    assert faults[0].is_note


def test_an_unsound_row_is_left_out_and_makes_no_second_fault() -> None:
    """One bad person is one sentence; their contact points do not add more."""
    assert 1 == len(faults_with(persons="id,name,org\np1,,huangjing\np2,示例乙,huangjing\n"))


def test_deputies_of_each_other_are_a_note() -> None:
    """Once, whoever leads into it; and a note forbids nothing."""
    persons = "id,name,org,deputy\na,甲,huangjing,b\nb,乙,huangjing,c\nc,丙,huangjing,b\nd,丁,huangjing,\n"
    directory, faults = read_directory(SOUND | {"persons.csv": persons, "contacts.csv": "owner,kind,address\n"}, {"msisdn": msisdn})
    assert [(3, "deputy", True)] == [(fault.line, fault.column, fault.is_note) for fault in faults]
    assert "closes a ring of deputies (b → c → b): when nobody in it answers, escalation ends with an alarm" in str(faults[0])
    assert 4 == len(directory.persons)


def test_a_file_that_cannot_be_read_hides_no_mistake_of_the_others() -> None:
    """Nor does it make one: what would be in it is nobody's fault."""
    found = faults_with(roles="informant,灾害信息员\n", contacts="owner,kind,address\np1,msisdn,abc\n")
    assert any(fault.startswith("roles.csv, line 1: lacks the column id, name") for fault in found)
    assert [fault for fault in found if not fault.startswith("roles.csv")] == [
        "contacts.csv, line 2, column address: \"abc\" cannot be used: 'abc' is no telephone number"
    ]


def test_a_wide_semicolon_separates_too() -> None:
    """An input method for Chinese gives ；, and it means the same."""
    files = SOUND | {"persons.csv": "id,name,org,areas\np1,示例,huangjing,mca:320585105；nbs:320585105\n"}
    assert 2 == len(read_directory(files, {"msisdn": msisdn})[0].persons[0].areas)


def test_nothing_is_no_directory() -> None:
    """No file at all is a fault, not an empty directory."""
    directory, faults = read_directory({}, {})
    assert Directory() == directory
    assert ["directory: has none of its files; known are " + ", ".join(COLUMNS)] == [str(fault) for fault in faults]


def test_the_shipped_directory_is_sound_and_complete() -> None:
    """config/taicang has no fault but a note, ten endpoints with four people each, and every official area under its name."""
    files: dict[str, str | bytes] = {file.name: file.read_bytes() for file in TAICANG.glob("*.csv")}
    directory, faults = read_directory(files, {"msisdn": msisdn, "callsign": str})
    assert [True] == [fault.is_note for fault in faults]  # informants of a town stand in for each other
    towns = [org for org in directory.orgs if org.level == 4]
    assert 10 == len(towns)
    assert all(4 == sum(person.org == town.id for person in directory.persons) for town in towns)
    assert OFFICIAL == {area.ref: area.name for area in directory.areas}
    assert all(person.name.startswith("示例·") for person in directory.persons)
    assert all(contact.address.startswith("+861990000") for contact in directory.contacts if contact.kind == "msisdn")


def test_the_official_lists_agree_on_names_where_they_mean_one_place() -> None:
    """The explicit table joins units of one name; 160 villages are known, in nbs alone."""
    assert all(OFFICIAL[mca] == OFFICIAL[nbs] for mca, nbs in SAME_AS.items())
    assert 160 == sum(len(ref.code) == 12 for ref in OFFICIAL if ref.system is CodeSystem.NBS)
    assert 8 == sum(len(ref.code) == 9 for ref in OFFICIAL if ref.system is CodeSystem.MCA)


def test_a_county_is_read_in_time() -> None:
    """20,000 persons with 40,000 contact points are read in 1.5 s at most, so an import never stalls the centre."""
    people = range(20_000)
    files = SOUND | {
        "persons.csv": "id,name,org,roles,areas\n" + "".join(f"p{n},示例{n},huangjing,informant,mca:320585105\n" for n in people),
        "contacts.csv": "owner,kind,address\n" + "".join(f"p{n},msisdn,199{line}{n:07d}\n" for n in people for line in (0, 1)),
    }
    began = time.process_time()
    directory, faults = read_directory(files, {"msisdn": msisdn})
    assert (20_000, 40_000, ()) == (len(directory.persons), len(directory.contacts), faults)
    assert time.process_time() - began < 1.5


def test_a_number_of_two_people_is_a_note_and_one_of_a_person_and_their_office_is_none() -> None:
    """Nobody can say who of the two answered; the office's telephone rings for the office."""
    contacts = "owner,kind,address\np1,msisdn,19900000101\np2,msisdn,+8619900000101\norg:huangjing,msisdn,+8619900000101\n"
    directory, faults = read_directory(SOUND | {"contacts.csv": contacts}, {"msisdn": msisdn})
    assert [(3, "address", True)] == [(fault.line, fault.column, fault.is_note) for fault in faults]
    assert "is that of p1 too: what is for both comes there twice, and an answer counts for both" in str(faults[0])
    assert 3 == len(directory.contacts)
