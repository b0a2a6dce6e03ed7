"""What a device's words mean to people; words, bits and order are typed from the vendor's tables."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.assess.condition import BacsHealth, Condition, assess, first, minutes
from exporter.assess.outcomes import BACS, CHARGE, STATES, SURVIVAL
from exporter.assess.promql import Prom
from exporter.generate.alerts.thresholds import threshold_values
from exporter.generate.dashboards import choices
from exporter.maps import built_in_maps
from exporter.maps.model import Flag
from tests.assess.spoken import BACS as SPOKEN_BACS
from tests.assess.spoken import FILLER, OTHERWISE, REASONS, UNKNOWABLE, Words, words
from tests.assess.spoken import STATES as SPOKEN_STATES
from tests.snapshots import Source, simulated


def of(*changes: Words) -> Condition:
    return assess(Source().snapshot(words(*changes)))


def verdict(condition: Condition) -> str:
    return f"{condition.survival.sign} {condition.survival_text}"


def state(condition: Condition) -> str:
    return f"{condition.state.sign} {condition.state_text}"


@pytest.mark.parametrize(("expected", "change"), REASONS + OTHERWISE)
def test_would_it_survive(expected: str, change: Words) -> None:
    assert verdict(of(change)) == expected


@pytest.mark.parametrize(
    ("graver", "other"),
    [
        (one, other)
        for number, one in enumerate(REASONS)
        for other in REASONS[number + 1 :]
        if not one[1].keys() & other[1].keys() & {103}  # two values of one word
        and (one[0], other[0]) not in UNKNOWABLE
    ],
    ids=lambda reason: reason[0],
)
def test_the_graver_reason_is_told(graver: tuple[str, Words], other: tuple[str, Words]) -> None:
    assert verdict(of(other[1], graver[1])) == graver[0]


def test_the_table_of_this_test_is_complete() -> None:
    told = {reason for reason, _ in REASONS}
    told |= {"✖ NO: danger to people", "✖ lost in danger", "✖ lost, load was dark", "✖ lost on battery"}
    told |= {"▲ battery is discharging", "? all values are 0"}
    told |= {"? unreachable", "? map in doubt", "? blocks not served", "? not served", "– no UPS"}
    assert {f"{row.sign} {row.survival.replace(CHARGE, '90')}" for row in SURVIVAL} == told


@pytest.mark.parametrize(("expected", "change"), SPOKEN_STATES)
def test_what_it_runs_on(expected: str, change: Words) -> None:
    assert state(of(change)) == expected


@pytest.mark.parametrize(("expected", "change"), SPOKEN_BACS)
def test_how_its_battery_fares(expected: str, change: Words) -> None:
    row = first(BACS, of(change).facts)
    assert f"{row.sign} {row.bacs.upper()}" == expected


def test_the_zeros_of_a_card_that_has_not_found_its_ups_yet_were_no_dark_load() -> None:
    zeros = of(dict.fromkeys(range(97, 143), 0)).facts.snapshot
    lost = of({109: 0x4000, 134: 1}).facts.snapshot
    assert state(assess(lost, before=zeros)) == "? UPS lost"
    dark = of({128: 1}).facts.snapshot
    assert state(assess(lost, before=dark)) == "✖ Lost, load dark"


def test_nothing_read_is_unreachable() -> None:
    condition = assess(Source().snapshot({}))
    assert (state(condition), verdict(condition)) == ("? Unreachable", "? unreachable")
    assert (condition.bacs, condition.charge, condition.alarms) == (None, None, ())


def test_a_flag_that_is_clear_has_words_of_its_own() -> None:
    (off,) = (alarm for alarm in of({109: 0, 103: 80}).alarms if alarm.sources == ("ups_status.output_act",))
    assert (off.severity, off.label) == ("critical", "Output off")
    assert off.meaning == "The load has no power from this UPS."
    assert off.action.startswith("Look at the load: is it dark?")
    (stopped,) = (alarm for alarm in of({1000: 0x0040}).alarms if alarm.sources == ("bacs_state.running",))
    assert stopped.label == "BACS not running"
    assert "Never restart it during a discharge" in stopped.action


def test_volts_at_an_output_that_is_said_to_be_off_are_told() -> None:
    assert of().contradiction == ""
    assert of({109: 0}).contradiction == (
        "Contradictory, check: the UPS says that its output is off, but shows 230 V and 46 % load there."
    )
    volts, load = dict.fromkeys(range(97, 100), 0), dict.fromkeys(range(100, 103), 0)
    assert of({109: 0, **volts, **load}).contradiction == ""
    assert of({109: 0, **volts}).contradiction.endswith("but shows 46 % load there.")
    assert of({109: 0, **load}).contradiction.endswith("but shows 230 V there.")
    assert of({109: 0, **load, **volts, 97: 50}).contradiction == ""
    assert of({109: 0, **dict.fromkeys(range(97, 103), FILLER)}).contradiction == ""
    # volts that cannot be contradict nothing
    assert of({109: 0, 97: 1001}).contradiction.endswith("but shows 46 % load there.")


def test_a_gateway_frame_has_no_blocks() -> None:
    frame = simulated("plc-stopped")
    good = assess(Source("prof").snapshot(frame))
    assert (state(good), verdict(good)) == ("● On mains", "? blocks not served")
    assert good.bacs == BacsHealth("8 blocks, not served", "none")
    still = assess(Source("prof").snapshot(frame, moving=False))
    assert (state(still), verdict(still)) == ("? UPS lost", "? UPS lost")


def test_a_list_without_a_word_about_the_source() -> None:
    condition = assess(Source("everexceed").snapshot(simulated("everexceed-on-default-map")))
    assert (state(condition), verdict(condition)) == ("? Not served", "? not served")


def refused(words: Mapping[int, int], module: str = "ups") -> Condition:
    """The condition of a device that serves these words and is known to refuse all others of its map."""
    source = Source(module)
    source.snapshot(words)
    for span in source.layout.spans:
        if span.keys()[0] & 0xFFFF not in words:
            source.memory.refusals.add(span, 0.0, flags=span in source.layout.flags)
    return assess(source.snapshot(words))


def test_a_map_in_doubt_is_that_of_the_ups_alone() -> None:
    bacs = {address: word for address, word in simulated().items() if address >= 1000}
    condition = refused({**simulated("everexceed-on-default-map"), **bacs}, "cs141")
    assert state(condition) == "? Map in doubt"
    assert {name.split("_")[1] for name in condition.doubtful} == {"ups"}


@pytest.mark.parametrize(
    "unread",
    [
        {},  # refused connections, wrong unit ids, timeouts
        dict.fromkeys((*range(100, 109), *range(110, 143))),  # busy for all but the status word
        dict.fromkeys(range(115, 139)),
    ],
)
def test_unread_is_not_refused(unread: Words) -> None:
    condition = of(unread) if unread else assess(Source().snapshot({}))
    assert condition.doubt == ""
    assert condition.doubtful == frozenset()
    assert "doubt" not in state(condition)
    assert "doubt" not in verdict(condition)


def test_a_doubtful_runtime_is_no_short_one() -> None:
    condition = of({116: 1, 108: 0xFFFE, 103: 50})
    assert (condition.runtime, condition.left) == (-120, None)
    assert condition.doubtful == {"generex_ups_battery_runtime_seconds"}
    assert minutes(-120) == "−120 s"
    # the fall of the charge is told all the same
    fallen = assess(Source().snapshot(words({116: 1, 108: 0xFFFE, 103: 50})), fall=0.001)
    assert state(fallen) == "▲ On battery, 8 min left"


def enumerated(folder: Path, mode: int, roles: str = "", output: int = 230) -> Condition:
    """A UPS whose list has an enumerated mode, a charge and output volts."""
    path = folder / "own.yaml"
    path.write_text(
        "map: own\ntitle: Own\nsource: a test\nmodules: {own: [own]}\n"
        "metrics:\n"
        "  own_mode: {help: Mode.}\n"
        "  generex_ups_battery_charge_ratio: {help: Charge., unit: ratio}\n"
        "  generex_ups_output_volts: {help: Output., unit: volts}\n"
        "groups:\n  ups:\n    title: UPS\n    words:\n"
        "      mode: {address: 1, metric: own_mode, states: {0: shutdown, 1: online, 2: battery}"
        f"{', roles: {' + roles + '}' if roles else ''}}}\n"
        "      charge: {address: 2, metric: generex_ups_battery_charge_ratio, scale: 0.01}\n"
        "      volts: {address: 3, metric: generex_ups_output_volts, labels: {phase: '1'}}\n"
    )
    (folder / "c.yml").write_text("maps: [own.yaml]\ndevices: [{target: tcp://10.0.0.9, module: own}]\n")
    return assess(Source(config=folder / "c.yml").snapshot({1: mode, 2: 100, 3: output}))


@pytest.mark.parametrize(
    ("mode", "roles", "state_then", "survival_then"),
    [
        (0, "", "? Not served", "? not served"),
        (1, "", "? Not served", "? not served"),
        # on battery is known, and nothing says whether the output is on
        (0, "battery: on_battery", "? Not served", "? not served"),
        (0, "battery: on_battery, shutdown: dark", "✖ Load dark", "✖ load is dark"),
        (1, "battery: on_battery, shutdown: dark", "● On mains", "✔ YES"),
        (2, "battery: on_battery, shutdown: dark", "▲ On battery", "▲ on battery now"),
        # a number that the list does not name may mean anything
        (3, "battery: on_battery, shutdown: dark", "? Not served", "? not served"),
    ],
)
def test_yes_needs_evidence_for_every_part(
    tmp_path: Path, mode: int, roles: str, state_then: str, survival_then: str
) -> None:
    condition = enumerated(tmp_path, mode, roles)
    assert (state(condition), verdict(condition)) == (state_then, survival_then)


def test_an_output_without_volts_is_no_evidence(tmp_path: Path) -> None:
    condition = enumerated(tmp_path, 1, "battery: on_battery, shutdown: dark", output=0)
    assert (state(condition), verdict(condition)) == ("? No output seen", "? no output seen")


def test_another_list_is_no_load_that_is_dark() -> None:
    # the status word would be at 109, where this list has what is always 0 (device.md 5.2)
    condition = refused(simulated("everexceed-on-default-map"))
    assert (state(condition), verdict(condition)) == ("? Map in doubt", "? map in doubt")
    # the card of the flag stays: should the word be the status after all, somebody must come and look
    assert [(alarm.severity, alarm.label) for alarm in condition.alarms] == [("critical", "Output off")]
    # with the vendor's slip mended it would be 1, which is no bypass, and 8 would be no battery
    for status in (1, 4, 8):
        other = simulated("everexceed-on-default-map") | {109: status}
        assert state(refused(other)) == "? Map in doubt"
        assert state(refused(other, "inform")) == "? Map in doubt"


@pytest.mark.parametrize(("status", "expected"), [(0, "✖ Load dark"), (4, "● On mains"), (5, "◆ On bypass")])
def test_what_a_device_with_few_words_says_is_believed(status: int, expected: str) -> None:
    shorter = {address: word for address, word in simulated().items() if 100 <= address < 128}
    assert state(refused(shorter | {109: status})) == expected
    # one alarm word is enough to tell the list
    least = {address: word for address, word in shorter.items() if address < 116}
    assert state(refused(least | {109: status})) == expected


def test_a_list_without_alarm_words_speaks_by_its_status() -> None:
    dark = simulated("everexceed-on-default-map") | {106: 0}
    assert state(assess(Source("everexceed").snapshot(dark))) == "✖ Load dark"


def test_what_cannot_be_is_named_and_marked() -> None:
    condition = of({104: 2300, 107: 301, 1003: 2})
    assert condition.doubtful == {"generex_ups_input_volts", "generex_ups_temperature_celsius"}
    assert condition.doubt == (
        "These values are impossible: input voltage in V, UPS temperature in °C. "
        "Most likely the scale or the register map is wrong."
    )
    assert (condition.level, state(condition)) == ("warning", "● On mains")
    fine = of({})
    assert (fine.doubtful, fine.doubt) == (frozenset(), "")
    other = refused(simulated("everexceed-on-default-map"))
    assert {"generex_ups_battery_charge_ratio", "generex_ups_temperature_celsius"} <= other.doubtful
    assert other.doubt.startswith("The UPS refuses every alarm word")


def test_blocks_whose_temperature_cannot_be_are_not_simply_well() -> None:
    bacs = of(dict.fromkeys(range(1060, 1100, 5), 78 + 2 * 301)).bacs
    assert bacs is not None
    assert (bacs.text, bacs.level) == ("8 of 8 OK, temperature doubtful", "warning")


def test_a_bacs_alone_has_no_ups() -> None:
    assert state(assess(Source("bacs").snapshot(simulated()))) == "– No UPS"


def test_a_ups_without_bacs_may_survive() -> None:
    source = Source("ups")
    assert verdict(assess(source.snapshot(simulated(modules=0)))) == "✔ YES"
    assert assess(source.snapshot(simulated(modules=0))).bacs is None


def test_the_smaller_runtime_counts_on_battery_only() -> None:
    snapshot = Source().snapshot(words({109: 0x0C, 108: 40, 103: 50}))
    assert assess(snapshot).runtime == 2400
    # 50 % at 0.1 % a second are gone in 500 s, whatever the UPS thinks
    assert state(assess(snapshot, fall=0.001)) == "▲ On battery, 8 min left"
    assert assess(snapshot, fall=0.001).runtime == 500
    assert assess(snapshot, fall=0.0001).runtime == 2400
    assert assess(Source().snapshot(words({108: 40, 103: 50})), fall=0.001).runtime == 2400
    # a charge that cannot be says nothing of the time that is left
    doubtful = Source().snapshot(words({109: 0x0C, 108: FILLER, 103: 106}))
    assert state(assess(doubtful, fall=0.001)) == "▲ On battery"


@pytest.mark.parametrize(
    "change",
    [
        {1003: 3},  # the device counts more than it was seen to have
        {1003: 1, **dict.fromkeys(range(1015, 1019), FILLER)},  # or fewer than are expected
    ],
)
def test_a_string_is_missing_whoever_counts_it(change: Words) -> None:
    assert verdict(of(change)) == "✖ NO: string missing"


@pytest.mark.parametrize(
    ("level", "change"),
    [
        ("good", {}),
        ("info", {138: 1}),
        ("info", {1000: 0x1041}),
        ("warning", {130: 1}),
        ("warning", {138: 1, 130: 1}),
        ("lost", {134: 1}),
        ("lost", {103: None, 130: 1}),
        # what is gravest of it, whichever part says it: the battery, while the UPS is on battery
        ("critical", {109: 0x0C, **dict.fromkeys(range(1080, 1085), FILLER)}),
        ("critical", {117: 1, 1000: 0x0002}),
        ("critical", {1001: 0x0008, 134: 1}),
    ],
)
def test_the_gravest_of_a_device(level: str, change: Words) -> None:
    assert of(change).level == level


@pytest.mark.parametrize(
    ("change", "out_of_sight"),
    [({}, False), ({134: 1}, True), ({109: 0x4004}, True), ({103: None}, True), ({1000: 0x0002}, False)],
)
def test_a_ups_is_out_of_sight_that_is_lost_or_not_all_read(change: Words, out_of_sight: bool) -> None:
    assert of(change).out_of_sight is out_of_sight


def test_a_bacs_alone_is_out_of_sight_that_does_not_answer() -> None:
    source = Source("bacs")
    before = source.snapshot(words({1002: 0x0008}))
    assert not assess(before).out_of_sight
    silent = assess(source.snapshot({}), before=before)
    assert (silent.out_of_sight, state(silent)) == (True, "? Unreachable")
    assert silent.past is not None
    assert [alarm.label for alarm in silent.past.alarms] == ["Block voltage low"]


def test_how_it_was_is_kept_of_what_nobody_sees_now() -> None:
    source = Source()
    before = source.snapshot(words({1001: 0x0008}))
    # a word is missing, and the rest says what is so now
    unread = assess(source.snapshot(words({116: 1, 103: None})), before=before)
    assert (unread.state.key, unread.out_of_sight) == ("on_battery", True)
    assert unread.past is not None
    # the UPS is in sight, and the words of the BACS that told of a danger are unread
    lost = assess(source.snapshot(words({1001: None, 1005: None})), before=before)
    assert (lost.state.key, lost.out_of_sight) == ("lost_in_danger", False)
    assert lost.past is not None
    # all is in sight
    assert assess(source.snapshot(words({123: 1})), before=before).past is None


def test_the_load_is_that_of_the_phase_that_carries_most() -> None:
    assert of({100: 10, 101: 80, 102: 20}).load == 0.8
    assert of(dict.fromkeys(range(100, 103))).load is None


def test_the_temperature_is_that_of_the_ups() -> None:
    assert of({107: 31}).temperature == 31


def test_a_bacs_that_is_not_trusted_counts_no_blocks() -> None:
    assert of({1000: 0x0002}).bacs == BacsHealth("not trusted", "lost")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than 1 min"), (59.9, "less than 1 min"), (60, "1 min"), (119, "1 min"),
        (7199, "119 min"), (7200, "2 h 0 min"), (-120, "−120 s"),
    ],
)  # fmt: skip
def test_a_time_is_never_said_to_be_longer_than_it_is(seconds: float, text: str) -> None:
    assert minutes(seconds) == text


def test_blocks_that_were_read_are_not_said_to_be_unread() -> None:
    for change, text in (
        ({1003: 33}, "8 read, but not all of the BACS"),  # the map holds 10 strings
        ({1061: None}, "8 read, but not all of the BACS"),
        ({1061: None, **dict.fromkeys(range(1080, 1085), FILLER)}, "7 read, but not all of the BACS"),
        (dict.fromkeys(range(1060, 1100)), "not read"),
    ):
        bacs = of(change).bacs
        assert bacs is not None
        assert (bacs.text, bacs.level) == (text, "lost")


def test_absent_blocks_are_ill_and_so_are_those_with_a_flag() -> None:
    gone = dict.fromkeys(range(1080, 1085), FILLER)  # module 5, the first of string 2
    bacs = of(gone, {1063: 0x2001}).bacs  # module 1: resistance high (warning), general alarm
    assert bacs is not None
    assert (bacs.text, bacs.level, bacs.absent) == (
        "6 of 8 OK, 1 absent",
        "critical",
        ("string 2 module 5",),
    )
    flagged = of({1063: 0x2001}).bacs
    assert flagged == BacsHealth("7 of 8 OK", "warning")
    healthy = of({}).bacs
    assert healthy is not None
    assert (healthy.text, healthy.level) == ("8 of 8 OK", "good")


STRINGS = """
map: strings
title: Strings
source: a test
modules: {all: [ups, bacs, strings]}
metrics: {own_string: {help: A test.}}
flag_sets: {fuse: {blown: {bit: 0, vendor: X, label: String fuse, description: X., severity: critical}}}
groups:
  count: {title: Count, words: {fuses: {address: 2800}}}
  fuses:
    title: Fuses
    repeat: {label: string, count: fuses, max: 10, stride: 1}
    words: {fuse: {address: 2801, metric: own_string, flags: fuse}}
"""


def test_a_flag_of_a_string_makes_no_block_ill(tmp_path: Path) -> None:
    (tmp_path / "strings.yaml").write_text(STRINGS)
    (tmp_path / "c.yml").write_text(
        "maps: [strings.yaml]\ndevices: [{target: tcp://10.0.0.9, module: all}]\n"
    )
    source = Source(config=tmp_path / "c.yml")
    source.memory.counts.counts["fuses"] = 2
    condition = assess(source.snapshot(simulated() | {2800: 2, 2801: 0, 2802: 1}))
    assert [(alarm.label, alarm.places) for alarm in condition.alarms] == [("String fuse", ("string 2",))]
    assert condition.bacs == BacsHealth("8 of 8 OK", "good")


def test_alarms_are_told_once_and_people_come_first() -> None:
    # overload by both words, thermal runaway, module 2's voltage low as module and as system say it
    alarms = of({109: 0x0104, 122: 1, 1001: 0x0009, 1002: 0x0009, 1068: 0x0009, 127: 1}).alarms
    assert [(alarm.severity, alarm.label, alarm.places) for alarm in alarms] == [
        ("critical", "Thermal runaway", ()),
        ("critical", "Overload", ()),
        ("critical", "Block voltage low", ("string 1 module 2",)),
        ("warning", "Charger failed", ()),
        ("warning", "General alarm", ("string 1 module 2",)),
    ]
    assert alarms[0].danger
    assert alarms[0].action.startswith("Get everybody out")
    assert alarms[1].sources == ("ups_status.output_high", "ups_alarm.output_overload")


def test_what_belongs_set_and_is_clear_is_an_alarm() -> None:
    alarms = of({109: 0, 1000: 0x0040}).alarms
    assert [(alarm.severity, alarm.label) for alarm in alarms] == [
        ("critical", "Output off"),
        ("warning", "BACS not running"),
    ]


def test_devices_sort_by_what_to_do_first() -> None:
    changes: list[Words] = [
        {1001: 0x0008, 134: 1},  # danger to people comes before all else
        {125: 1},
        {137: 1},
        {116: 1, 108: 7},
        {116: 1, 108: 8, 103: 19},  # the smaller runtime first, whatever the charge
        {116: 1, 108: FILLER},
        {134: 1},
        {123: 1},
        {122: 1},
        {1002: 0x0008},
        {104: 1001},
        {138: 1},
        {},
    ]
    troubles = [of(change).trouble for change in changes]
    assert troubles == sorted(troubles)
    assert of({116: 1}).trouble < assess(Source().snapshot({})).trouble < of({123: 1}).trouble


def test_those_out_of_sight_sort_by_what_they_were_last() -> None:
    def lost(last: Words | None, now: Words) -> Condition:
        source = Source()
        before = None if last is None else source.snapshot(words(last))
        return assess(source.snapshot(words(now) if now else {}), before=before)

    cases: list[tuple[Words | None, Words]] = [
        ({1001: 0x0008}, {}),
        ({1001: 0x4000}, {}),
        ({125: 1, 103: 0}, {}),
        ({116: 1, 108: 5}, {}),
        ({116: 1, 108: 7}, {134: 1}),  # the manager answers, and the UPS is silent
        (None, {134: 1}),  # how the UPS was is not known, but its manager answers
        ({123: 1}, {}),
        ({118: 1}, {}),
        ({127: 1}, {134: 1}),
        ({}, {}),
        ({}, {103: None}),  # all but one word was read
        (None, {}),  # never seen: a wrong address, most likely
    ]
    troubles = [lost(*case).trouble for case in cases]
    assert all(one < other for one, other in pairwise(troubles))
    assert troubles[-1] < of({123: 1}).trouble, "out of sight before bypass"
    assert of({125: 1}).trouble < troubles[2], "a dark load in sight first"


@pytest.mark.parametrize(
    ("last", "state_then", "survival_then"),
    [
        ({109: 0x0C}, "✖ Lost on battery", "✖ lost on battery"),
        ({116: 1}, "✖ Lost on battery", "✖ lost on battery"),
        ({125: 1, 103: 0}, "✖ Lost, load dark", "✖ lost, load was dark"),
        ({1001: 0x0008}, "✖ Lost in danger; unreachable", "✖ lost in danger"),
        ({}, "? Unreachable", "? unreachable"),
        ({123: 1}, "? Unreachable", "? unreachable"),
    ],
)
def test_what_was_so_last_is_told_of_a_device_that_fell_silent(
    last: Words, state_then: str, survival_then: str
) -> None:
    source = Source()
    before = source.snapshot(words(last))
    condition = assess(source.snapshot({}), before=before)
    assert (state(condition), verdict(condition)) == (state_then, survival_then)
    assert condition.out_of_sight
    if "Lost" in state_then:
        assert condition.level == "critical"
        assert condition.trouble < assess(source.snapshot({})).trouble


def test_what_was_so_is_not_told_of_a_device_that_says_otherwise_now() -> None:
    source = Source()
    before = source.snapshot(words({109: 0x0C}))
    # the UPS is back on mains, though one of its words is not read
    assert state(assess(source.snapshot(words({103: None})), before=before)) == "? UPS not read"
    # the manager answers, and the UPS is silent
    assert state(assess(source.snapshot(words({134: 1, 109: 0x4000})), before=before)) == "✖ Lost on battery"


def test_a_danger_is_not_over_because_another_one_is_known_to_be_clear() -> None:
    source = Source()
    before = source.snapshot(words({1001: 0x0008}))  # thermal runaway
    # 1005 says that there is no ground fault, and says nothing of a runaway
    assert state(assess(source.snapshot(words({1001: None})), before=before)) == "✖ Lost in danger; on mains"
    assert state(assess(source.snapshot(words({})), before=before)) == "● On mains"


def test_a_bacs_without_ups_that_discharges_is_an_outage_and_lost_when_it_falls_silent() -> None:
    source = Source("bacs")
    discharging = words({1000: 0x0009})
    before = source.snapshot(discharging)
    now = assess(before)
    assert (state(now), verdict(now)) == ("▲ Battery discharging", "▲ battery is discharging")
    assert now.trouble < assess(source.snapshot({})).trouble
    silent = assess(source.snapshot({}), before=before)
    assert (state(silent), verdict(silent)) == ("✖ Lost on battery", "✖ lost on battery")
    assert silent.trouble < now.trouble
    floating = source.snapshot(words({}))
    assert state(assess(floating, before=before)) == "– No UPS"
    assert state(assess(source.snapshot({}), before=floating)) == "? Unreachable"


def test_the_boards_tell_the_same_in_the_same_order() -> None:
    prom = Prom(built_in_maps(), threshold_values({}))
    for rows, text in ((SURVIVAL, lambda row: row.survival), (STATES, lambda row: row.state)):
        found = choices.choices(prom, text)
        assert [choice.text for choice in found] == [
            f"{row.sign} {text(row).replace(CHARGE, '90')}" for row in rows
        ]
        # of several that hold the first has the highest rank
        ranks = [choice.number for choice in found]
        assert ranks == sorted(set(ranks), reverse=True)


def test_a_flag_without_words_for_clear_is_not_described_as_normal() -> None:
    flag = Flag("ready", 0, "READY", "Ready", "Everything is in order.", "none", normal=True)
    assert flag.trouble.label == "Ready: no"
    assert flag.trouble.description == (
        "This flag is normally set, and it is clear now. When it is set: Everything is in order."
    )


@pytest.mark.parametrize("change", [{1001: 0x0008}, {1001: 0x4000}, {1005: 0x0200}])
def test_no_block_is_called_well_beside_a_danger_to_people(change: Words) -> None:
    condition = of(change)
    assert condition.bacs == BacsHealth("Danger: keep out", "critical")
    assert condition.state_text.endswith("; on mains")
