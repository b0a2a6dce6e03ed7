"""What discover concludes from words, refused, filler and unanswered words told apart."""

from collections.abc import Iterable, Mapping

import pytest

from exporter.discover.configfile import config_text
from exporter.discover.findings import Findings, judge
from exporter.discover.heard import Heard
from exporter.discover.report import terminal_text
from exporter.maps import built_in_maps
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
        (DEFAULT, (), "inform", "does not fit: 97–99 are there, which this list lacks"),
        (DEFAULT, range(97, 100), "inform", "does not fit: 128–142 are there, which this list lacks"),
        ({a: w for a, w in DEFAULT.items() if 100 <= a <= 127}, range(97, 100), "inform",
         "is doubtful: 97–99 got no answer; 7 of 7 bits"),
        (DEFAULT, range(97, 151), "inform", "cannot be told: 97–99 got no answer; 109 got no answer,"),
        (DEFAULT | dict.fromkeys([*range(97, 100), *range(128, 143)], FILLER), (), "inform",
         "fits: 97–99 are filler, as in this list; 7 of 7 bits"),
        (DEFAULT, range(97, 151), "ups", "cannot be told: 97–142 got no answer"),
        ({}, (), "ups", "does not fit: 97–142 are refused"),
        (DEFAULT, [109], "ups", "cannot be told: 109 got no answer, and nothing else says"),
        (DEFAULT | {109: FILLER}, (), "ups", "does not fit: 109 is filler, and nothing else says"),
        ({109: 4}, (), "ups", "does not fit: 115–117, 119–120, 122–123, 132, 134, 138 are refused,"),
        ({109: 4, 115: 0}, (), "ups", "is doubtful: 1 of 1 bit of word 109 agrees with 115–138"),
        (OEM, (), "everexceed", "fits: word 106 is 0x0004: only bits that this list uses; 112–142 are ref"),
        (OEM, range(112, 143), "everexceed", "is doubtful: word 106 is 0x0004: only bits that this list "
         "uses; 112–142 got no answer"),
        (OEM | dict.fromkeys(range(112, 151), FILLER), (), "everexceed", "fits: word 106 is 0x0004"),
        (OEM, [106], "everexceed", "cannot be told: its status word 106 got no answer"),
        ({a: w for a, w in OEM.items() if a != 106}, (), "everexceed", "its status word 106 is refused"),
        ({106: 4}, (), "everexceed", "is doubtful: word 106 is 0x0004: only bits that this list uses; "
         "112–142 are refused; 108–111 are refused"),
        (OEM | {109: 1}, (), "everexceed", "fits: word 106"),
        (OEM | {109: 7}, (), "everexceed", "108–111 do not repeat bits of word 106: 109 is 7"),
        (DEFAULT, (), "everexceed", "does not fit: 112–142 are there, which this list lacks"),
    ],
)  # fmt: skip
def test_a_list_is_judged_by_words_that_were_answered(
    words: dict[int, int], silent: Iterable[int], name: str, says: str
) -> None:
    assert says in line(judge(heard(words, silent=silent)), f"({name})")


def test_a_device_that_fell_silent_says_nothing_of_the_rest() -> None:
    item = judge(heard(OEM, silent=range(112, 143), complete=False))
    assert "cannot be told: word 106 is 0x0004" in line(item, "(everexceed)")
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
    assert "Which built-in map fits cannot be told.\n" in text
    assert "No built-in map fits" not in text
    assert line(item, "not known") == "not known: 1000–1005 not asked for"
    assert "No built-in map fits.\n" in terminal_text(judge(heard({})), built_in_maps())


def test_a_phase_that_was_not_answered_is_not_missing() -> None:
    assert judge(heard(DEFAULT | {105: 0, 106: 0, 98: 0, 99: 0, 112: 0, 113: 0})).phases == 1
    assert judge(heard(DEFAULT, silent=[98, 99, 105, 106, 112, 113])).phases == 0


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
