"""What discover concludes from words, refused, filler and unanswered words told apart."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from exporter.discover.configfile import config_text
from exporter.discover.findings import Findings, judge
from exporter.discover.fit import fits
from exporter.discover.heard import Heard
from exporter.discover.report import terminal_text
from exporter.discover.signs import signs_of
from exporter.maps import built_in_maps, load_maps
from exporter.targets import parse_target
from tests.discover.devices import image_of

FILLER = 0xD8F1
UPS, BACS = range(97, 151), range(1000, 1006)
HEALTHY = {103: 100, 104: 230, 105: 230, 106: 230, 107: 25, 108: 40, 109: 4, 111: 50, 112: 50, 113: 50}
DEFAULT = dict.fromkeys(UPS, 0) | dict.fromkeys(range(97, 100), 230) | HEALTHY
# device.md 5.2: temperature, hertz, volts, hertz, volts, power, STATUS, extended status, and four of its bits
OEM = {
    100: 25,
    101: 50,
    102: 230,
    103: 50,
    104: 230,
    105: 900,
    106: 4,
    107: 0,
    108: 0,
    109: 0,
    110: 0,
    111: 0,
}


def heard(
    words: Mapping[int, int], *, silent: Iterable[int] = (), complete: bool = True, max_words: int = 125
) -> Heard:
    """A unit that serves `words`, ignores `silent`, and refuses all else that is asked for."""
    left = {a: 2 for a in (*UPS, *range(1000, 2710)) if a not in words and a not in set(silent)}
    served = {a: word for a, word in words.items() if a not in set(silent)}
    return Heard(1, words=served, refused=left, silent=set(silent), complete=complete, max_words=max_words)


def line(item: Findings, part: str) -> str:
    (found,) = (line.strip() for line in terminal_text(item, built_in_maps()).splitlines() if part in line)
    return found


def config_of(item: Findings) -> str:
    return config_text("head", [("ups", parse_target("10.0.0.7"), item)], {})


@pytest.mark.parametrize(
    ("words", "silent", "name", "says"),
    [
        (DEFAULT, (), "inform", "does not fit: 97–99, 128–142 are there, which this list lacks"),
        (DEFAULT, range(97, 100), "inform", "does not fit: 128–142 are there, which this list lacks"),
        ({a: w for a, w in DEFAULT.items() if 100 <= a <= 127}, range(97, 100), "inform",
         "is doubtful: 97–99 got no answer, 128–142 are refused; 7 of 7 bits of word 109 agree with 115–123"),
        (DEFAULT, range(97, 151), "inform", "cannot be told: 100–127 got no answer"),
        (DEFAULT | dict.fromkeys([*range(97, 100), *range(128, 143)], FILLER), (), "inform",
         "fits: 97–99, 128–142 are filler, as in this list; 7 of 7 bits"),
        (DEFAULT | dict.fromkeys(range(97, 100), 0xFFFF) | dict.fromkeys(range(128, 143), FILLER), (),
         "inform",
         "fits: 97–99, 128–142 are filler, as in this list; 7 of 7 bits"),
        (DEFAULT, range(97, 151), "ups", "cannot be told: 97–142 got no answer"),
        ({}, (), "ups", "does not fit: 97–142 are refused"),
        (DEFAULT, [109], "ups", "cannot be told: 109 got no answer, and nothing else says"),
        (DEFAULT | {109: FILLER}, (), "ups", "does not fit: 109 is filler, and nothing else says"),
        ({109: 4}, (), "ups", "does not fit: 115–117, 119–120, 122–123, 132, 134, 138 are refused,"),
        ({109: 4, 115: 0}, (), "ups", "is doubtful: 1 of 1 bit of word 109 agrees with 115–138"),
        (OEM, (), "everexceed", "fits: 112–142 are refused, as in this list; 4 of 4 bits of word 106 agree "
         "with 108–111; none of them is set now"),
        (OEM, range(112, 143), "everexceed", "is doubtful: 112–142 got no answer; 4 of 4 bits"),
        (OEM | dict.fromkeys(range(112, 151), FILLER), (), "everexceed", "fits: 112–142 are filler, as in"),
        (OEM, [106], "everexceed", "as in this list; 106 got no answer, and nothing else says"),
        ({a: w for a, w in OEM.items() if a != 106}, (), "everexceed", "106 is refused, and nothing else"),
        ({106: 4}, (), "everexceed", "does not fit: 112–142 are refused, as in this list; 108–111 are"),
        ({a: w for a, w in OEM.items() if a != 108}, (), "everexceed",
         "is doubtful: 112–142 are refused, as in this list; 3 of 3 bits"),
        (OEM | {106: 0}, (), "everexceed", "is doubtful: "),
        (OEM | {106: 0x0104, 110: 1}, (), "everexceed", "fits: "),
        (OEM | {106: 0x0024}, (), "everexceed",
         "does not fit: word 106 is 0x0024, and this list uses only bits 0, 2, 8, 13"),
        (OEM | {109: 1}, (), "everexceed", "fits: 112–142"),
        (OEM | {109: 7}, (), "everexceed", "1 of 4 contradict: bit 2 is 1, word 109 is 7"),
        (DEFAULT, (), "everexceed", "does not fit: 112–142 are there, which this list lacks"),
    ],
)  # fmt: skip
def test_a_list_is_judged_by_words_that_were_answered(
    words: dict[int, int], silent: Iterable[int], name: str, says: str
) -> None:
    assert says in line(judge(heard(words, silent=silent)), f"({name})")


@pytest.mark.parametrize(
    ("words", "name", "says"),
    [
        # volts, hertz and degrees that no UPS has
        (OEM | {102: 5000}, "everexceed", "is doubtful: |values that cannot be: word 102 as 5000 V"),
        (
            OEM | {100: 300, 101: 20, 102: 4000, 104: 9000},
            "everexceed",
            "does not fit: |word 100 as 300 °C, ",
        ),
        (DEFAULT | {111: 30}, "ups", "is doubtful: |values that cannot be: word 111 as 30 Hz"),
        (
            DEFAULT | dict.fromkeys(range(97, 114), 20000) | {109: 4},
            "ups",
            "does not fit: |word 97 as 20000 V",
        ),
        # what counts in tenths can be, and what says that it is not there
        (DEFAULT | {111: 500, 112: 500, 113: 500}, "ups", "fits: |output on"),
        (DEFAULT | {107: FILLER, 110: 0xFFFF, 108: 9999}, "ups", "fits: |output on"),
    ],
)
def test_a_list_by_which_there_would_be_values_that_cannot_be_does_not_fit(
    words: dict[int, int], name: str, says: str
) -> None:
    found = line(judge(heard(words)), f"({name})")
    verdict, reason = says.split("|")
    assert verdict in found
    assert reason in found


@pytest.mark.parametrize(
    ("address", "raw", "says"),
    [
        # operations 1.12: a load of twice the power, a charge of 105 % and a runtime of two weeks can be
        (100, 200, "plausible"),
        (100, 201, "implausible: more than 2 (200 %)"),
        (103, 102, "plausible"),
        (103, 105, "plausible"),
        (103, 106, "implausible: more than 1.05 (105 %)"),
        (108, 20160, "plausible"),
        (108, 30000, "implausible: more than 1209600 s (20160 min)"),
        (108, 0xFFFE, "implausible: less than no time"),
    ],
)
def test_a_word_and_its_list_are_judged_alike(address: int, raw: int, says: str) -> None:
    item = judge(heard(DEFAULT | {address: raw}))
    (row,) = (row for row in terminal_text(item, built_in_maps()).splitlines() if f" {raw}  0x" in row)
    assert row.endswith(f"  {says}")
    assert (f"values that cannot be: word {address} as" in line(item, "(ups)")) is (says != "plausible")


def test_what_a_list_says_twice_stands_in_its_map() -> None:
    """The pairs of operations 1.12; the gateway's frame begins 99 lower, the maker's list has copies."""
    ups = {123: 0, 116: 3, 117: 4, 119: 5, 138: 6, 120: 7, 122: 8, 115: 10, 132: 13, 134: 14}
    expected = {
        "ups": ups,
        "inform": {address: bit for address, bit in ups.items() if address < 128},
        "prof": {address - 99: bit for address, bit in ups.items()},
        "everexceed": {108: 0, 109: 2, 110: 8, 111: 13},
    }
    found = {name: signs_of(item) for name, item in built_in_maps().items()}
    assert {name: signs.repeats for name, signs in found.items() if signs} == expected


def test_a_list_that_nobody_here_knows_by_name_is_judged_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(
        "map: other\ntitle: Another list\nsource: a test\n"
        "known_by: {lacks: [[0, 9]], copies: {399: backup_mode}}\n"
        "include:\n  - {map: ups, groups: [ups], at: 200}\n"
    )
    item = load_maps([file])["other"]
    words = {address + 103: word for address, word in DEFAULT.items()}
    (fit,) = fits(Heard(1, words=words | {399: 0}, refused=dict.fromkeys(range(10), 2)), [item])
    assert (fit.name, fit.verdict) == ("other", "fits")
    assert fit.reasons[:2] == (
        "0–9 are refused, as in this list",
        "11 of 11 bits of word 212 agree with 218–399",
    )
    (fit,) = fits(Heard(1, words=words | {5: 1, 399: 1}), [item])
    assert (fit.verdict, fit.reasons[0]) == ("does not fit", "5 is there, which this list lacks")
    assert "1 of 11 contradict: bit 3 is 0, word 399 is 1" in fit.reasons


def test_a_device_that_fell_silent_says_nothing_of_the_rest() -> None:
    item = judge(heard(OEM, silent=range(112, 143), complete=False))
    assert "cannot be told: 112–142 got no answer; 4 of 4" in line(item, "(everexceed)")
    assert item.maps == ()


@pytest.mark.parametrize(
    ("words", "silent", "says"),
    [
        ({}, (), "none: 1000–1005 are refused"),
        (dict.fromkeys(BACS, FILLER), (), "none: 1000–1005 are filler"),
        (dict.fromkeys(BACS, 0), (), "none: 1000–1005 are all 0"),
        # a line that echoes, and a device that ignores what it does not have
        ({}, BACS, "not known: 1000–1005 got no answer"),
        (
            dict.fromkeys(BACS, 0),
            [1000, 1001, 1002],
            "not known: 1003–1005 are all 0, 1000–1002 got no answer",
        ),
        ({1000: FILLER, 1001: FILLER}, (), "none: 1000–1001 are filler, 1002–1005 are refused"),
    ],
)
def test_a_bacs_that_was_not_heard_is_not_none(
    words: dict[int, int], silent: Iterable[int], says: str
) -> None:
    item = judge(heard(DEFAULT | words, silent=silent))
    assert f"\nBACS\n  {says}\n" in terminal_text(item, built_in_maps())
    assert ("# no BACS: " in config_of(item)) == says.startswith("none")
    assert ("# whether there is a BACS is not known: " in config_of(item)) == says.startswith("not known")


def test_numbers_of_things() -> None:
    words = DEFAULT | {a: w for a, w in image_of(strings=1, modules=1).items() if a >= 1000}
    assert line(judge(heard(words)), "it counts 1") == "it counts 1 string and 1 module"
    without = {a: w for a, w in words.items() if a != 1003}
    assert line(judge(heard(without)), "it counts 1 m") == "it counts 1 module; 1003 is refused"
    assert line(judge(heard(words, max_words=1)), "at once") == "takes 1 word at once, not more"
    assert line(judge(heard(words, silent=[1000])), "state: ") == "state: 1000 got no answer"
    assert line(judge(heard(words, silent=[1005])), "1005 got") == "1005 got no answer"
    many = judge(heard(words | {1003: 33}))
    assert line(many, "it counts 33") == "it counts 33 strings and 1 module"


def test_which_map_fits_is_not_known_of_a_device_that_was_not_heard() -> None:
    item = judge(Heard(1, silent=set(range(97, 143)), complete=False))
    text = terminal_text(item, built_in_maps())
    assert "It is unknown which built-in map fits.\n" in text
    assert "No built-in map fits" not in text
    assert line(item, "not known") == "not known: 1000–1005 not asked for"
    assert "No built-in map fits.\n" in terminal_text(judge(heard({})), built_in_maps())


def test_a_phase_that_was_not_answered_is_not_missing() -> None:
    assert judge(heard(DEFAULT | {105: 0, 106: 0, 98: 0, 99: 0, 112: 0, 113: 0})).phases == 1
    assert judge(heard(DEFAULT, silent=[98, 99, 105, 106, 112, 113])).phases == 0


# device.md 8: a driver passes "not available" on as all ones or a signed extreme
ONES = (
    DEFAULT | dict.fromkeys([98, 99, 101, 102, 105, 106, 108, 112, 113], 0xFFFF) | {107: 0x7FFF, 110: 0x8000}
)


def test_what_the_exporter_takes_for_no_value_is_no_phase_and_not_implausible() -> None:
    item = judge(heard(ONES))
    assert (item.phases, item.module, item.sure) == (1, "cs141", True)
    assert "phases: 1 " in config_of(item)
    said = {word.address: (word.raw, word.verdict) for word in item.words}
    absent = {address: said[address] for address, word in ONES.items() if word > 0x7FF0}
    assert absent == {
        a: (ONES[a], "not available") for a in (98, 99, 101, 102, 105, 106, 107, 108, 110, 112, 113)
    }
    assert line(item, "ups.output_volts_2").split("  ")[-1].strip() == "not available"
    assert "implausible" not in terminal_text(item, built_in_maps())
    # −1 °C is a temperature, and words of flags have no such value
    assert "-1 °C" in line(judge(heard(DEFAULT | {107: 0xFFFF})), "ups.temperature")
    assert judge(heard(DEFAULT | dict.fromkeys(BACS, 0xFFFF))).battery.there


def test_a_value_that_cannot_be_tells_no_phases() -> None:
    words = DEFAULT | dict.fromkeys([98, 99, 105, 106], 9999)
    assert judge(heard(words | {112: 0, 113: 0})).phases == 1
    assert judge(heard(words | {112: 9999, 113: 9999})).phases == 0


def test_a_module_without_a_value_is_judged_by_the_others() -> None:
    image = image_of(strings=1, modules=4)
    ones = {1061: 0xFFFF, 1060: 0x7FFF, 1011: 0xFFFF, 1012: 0x7FFF}
    text = terminal_text(judge(heard(DEFAULT | image | ones)), built_in_maps())
    without = dict.fromkeys(ones, FILLER)
    assert text == terminal_text(judge(heard(DEFAULT | image | without)), built_in_maps())


def test_a_word_of_another_list_that_is_no_value_is_shown_as_none() -> None:
    assert line(judge(heard(OEM | {104: 0xFFFF})), "everexceed.output_volts_1").endswith(
        "0xFFFF  not available"
    )


@pytest.mark.parametrize(("by", "where"), [(1, "one address higher"), (-1, "one address lower")])
def test_a_list_that_counts_from_another_address(by: int, where: str) -> None:
    words = {a + by: w for a, w in image_of().items() if a in UPS or a >= 1000}
    item = judge(heard(words))
    assert item.shifted is not None
    assert item.shifted.text == f"{where}, they fit the list ups: its word 109 stands at {109 + by}"
    assert (item.maps, item.module) == ((), "")
    assert f"The words are shifted: {item.shifted.text}." in terminal_text(item, built_in_maps())
    assert f'# "ups" at tcp://10.0.0.7:502: {item.shifted.text}\n' in config_of(item)
    assert "module:" not in config_of(item)


@pytest.mark.parametrize("by", [1, -1])
def test_a_shifted_list_is_known_although_a_pair_contradicts(by: int) -> None:
    """The maker leaves word 123, on bypass, at 0: the list is doubtful where it is, and does not fit here."""
    words = {a + by: w for a, w in (image_of() | {109: 5}).items() if a in UPS or a >= 1000}
    item = judge(heard(words))
    assert item.shifted is not None
    assert item.shifted.text.endswith(f"they fit the list ups: its word 109 stands at {109 + by}")


@pytest.mark.parametrize("by", [1, -1])
def test_a_bacs_alone_that_counts_from_another_address(by: int) -> None:
    item = judge(heard({a + by: w for a, w in image_of().items() if a >= 1000}))
    assert item.shifted is not None
    assert item.shifted.text.endswith(f"they fit the list bacs: its word 1000 stands at {1000 + by}")
    assert item.maps == ()


def test_a_true_list_is_not_taken_for_a_shifted_one() -> None:
    """One status bit contradicts, and battery volts that are 0 agree with alarms that are."""
    item = judge(heard(DEFAULT | {109: 4 + 8, 110: 0}))
    assert (item.shifted, item.maps, item.sure) == (None, ("ups", "bacs"), False)
    assert judge(heard(DEFAULT | {110: 4})).maps == ("ups", "bacs")


def test_a_bacs_that_cannot_be_is_not_written() -> None:
    strange = dict.fromkeys(range(1060, 1260), 2000)
    item = judge(heard(DEFAULT | image_of() | strange))
    assert item.maps == ("ups",)
    assert "module: ups\n" in config_of(item)
    assert "# not read as BACS: module temperature as (raw − 78) / 2 would be 961 to 961 °C" in config_of(
        item
    )
    assert "strings:" not in config_of(item)
    # one module that cannot be among many is a module's fault, not the list's
    assert judge(heard(DEFAULT | image_of() | {1061: 1})).maps == ("ups", "bacs")
