"""`discover` on every personality: what it says of the list, and the configuration that it writes."""

import asyncio
import re
import textwrap
from pathlib import Path

import pytest

from exporter.config import Config, load_config
from exporter.simulator.registers import Personality
from exporter.simulator.scenarios import Scenario
from tests.discover.devices import (
    QUICK,
    Done,
    command,
    discovered,
    image_of,
    lines_with,
    nothing_left,
    simulated,
    standing,
)
from tests.hostile import Behaviour, Hostile, Peer, Request, exception, silent

FILLER = 0xD8F1


def written(tmp_path: Path) -> Config:
    return load_config(tmp_path / "generex.yml")


def test_a_default_list_with_a_bacs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = simulated(capsys, "normal", f"--write={tmp_path}/generex.yml", "--name=ups-a", static=True)
    assert done.code == 0
    assert lines_with(done.out, "default list")[0].startswith(
        "default list (ups) fits: 10 of 10 bits of word 109 agree with 115–138; none of them is set now"
    )
    assert "To be read with module cs141.\n" in done.out
    assert "function code 4 gives the same for address 115" in done.out
    assert "state 0x0041 (running, float_charging)" in done.out
    assert "it counts 2 strings and 40 modules" in done.out
    assert "modules that answer: 1–40\n" in done.out
    assert "(inferred) 6 lead-acid cells in a block" in done.out
    assert "below 0 is discharge, the scale is 0.01 A or 1 A" in done.out
    (device,) = written(tmp_path).devices
    assert (device.name, device.module, device.maps) == ("ups-a", "cs141", ("ups", "bacs"))
    assert (device.expect.strings, device.expect.modules) == (2, 40)
    assert (device.expect.phases, device.expect.cells_per_block, device.expect.chemistry) == (3, 6, "")
    assert not device.options.overrides
    assert done.err.endswith(
        f"wrote {tmp_path}/generex.yml: read it, then generex-exporter --config.file {tmp_path}/generex.yml\n"
    )


def test_the_ways_to_read_a_module_are_weighed(capsys: pytest.CaptureFixture[str]) -> None:
    """The field's raw words (device.md 2.8): 0x73, 0x357A, 0x01F3."""
    words = image_of(modules=12, strings=3)
    for module in range(12):
        words |= dict(
            zip(range(1060 + 5 * module, 1065 + 5 * module), (0x73, 0x357A, 499, 0, 4), strict=True)
        )
    words |= {1011: 548, 1012: 13690, 1016: 548, 1017: 13690, 1021: 548, 1022: 13690}
    done = discovered(capsys, standing(words))
    assert lines_with(done.out, "module temperature as") == [
        "module temperature as (raw − 78) / 2: 18.5 to 18.5 °C, plausible",
        "module temperature as raw / 10: 11.5 to 11.5 °C, plausible",
        "module temperature as raw: 115 to 115 °C, not plausible",
    ]
    assert lines_with(done.out, "module volts as") == [
        "module volts as raw / 1000: 13.69 to 13.69 V, plausible (the strings say 13.690 V on average)",
        "module volts as raw / 100: 136.9 to 136.9 V, not plausible (the strings say 13.690 V on average)",
    ]
    assert lines_with(done.out, "module resistance as raw / 100:") == [
        "module resistance as raw / 100: 4.99 to 4.99 mΩ, plausible"
    ]


@pytest.mark.parametrize(
    ("scenario", "settings", "why"),
    [
        ("no-bacs-zeros", {}, "none: 1000–1005 are all 0"),
        ("normal", {"modules": 0}, "none: 1000–1005 are refused"),
        ("normal", {"pins": dict.fromkeys(range(1000, 1006), FILLER)}, "none: 1000–1005 are filler"),
    ],
)
def test_without_a_bacs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, scenario: str, settings: dict[str, object], why: str
) -> None:
    done = simulated(capsys, scenario, f"--write={tmp_path}/generex.yml", **settings)
    assert done.code == 0
    assert why in done.out
    (device,) = written(tmp_path).devices
    assert (device.module, device.expect.modules, device.options.bacs) == ("cs141", 0, "auto")
    assert "# no BACS: 1000–1005" in (tmp_path / "generex.yml").read_text()


def test_old_firmware(capsys: pytest.CaptureFixture[str]) -> None:
    done = simulated(capsys, "old-firmware")
    assert "1005 is filler: firmware from before these alarms" in done.out


def test_everexceed_is_told_from_the_default_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = simulated(capsys, "everexceed-on-default-map", f"--write={tmp_path}/generex.yml", modules=0)
    assert done.code == 0
    assert lines_with(done.out, "(everexceed)") == [
        "EverExceed (everexceed) fits: 112–142 are refused, as in this list; 4 of 4 bits of word 106 agree "
        "with 108–111; none of them is set now, so that says less than it would during a test or a failure; "
        "the status word says: output on"
    ]
    assert lines_with(done.out, "(ups) does not fit")
    assert "refused with exception 2: 0–49, 97–99, 112–150, 1000–1005" in done.out
    assert "102 everexceed.input_volts_1 230 0x00E6 230 V" in " ".join(done.out.split())
    assert "Verify on site\n  - volts, hertz and degrees against the panel of the UPS" in done.out
    (device,) = written(tmp_path).devices
    assert device.module == "everexceed"


def test_inform_lacks_the_output_volts(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = simulated(capsys, _own_scenario("inform"), f"--write={tmp_path}/generex.yml")
    assert done.code == 0
    assert lines_with(
        done.out, "Inform (inform) fits: 97–99, 128–142 are refused, as in this list; 7 of 7 bits"
    )
    assert written(tmp_path).devices[0].module == "inform"


def test_inform_with_a_bacs_gets_a_module_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = image_of()
    kept = [*range(100, 128), *range(1000, 2710)]
    device = standing(words, set(words) - set(kept))
    done = discovered(capsys, device, f"--write={tmp_path}/generex.yml")
    assert "To be read with module inform-bacs (maps inform, bacs)." in done.out
    (read,) = written(tmp_path).devices
    assert (read.maps, read.expect.strings, read.expect.modules) == (("inform", "bacs"), 2, 40)


@pytest.mark.parametrize("base", [0, 4000])
def test_a_gateways_frame_in_a_plc(capsys: pytest.CaptureFixture[str], tmp_path: Path, base: int) -> None:
    scenario = _own_scenario("prof", base=base)
    words = (f"--prof.base-address={base}", f"--write={tmp_path}/generex.yml")
    done = simulated(capsys, scenario, *words, speed=20.0)
    assert done.code == 0
    (line,) = lines_with(done.out, "SNMP_PROF frame (prof) fits")
    assert f"in {base}–{base + 49}, read as a frame: 10 of 10 bits of word 10 agree" in line
    assert line.endswith("its counter moves")
    (device,) = written(tmp_path).devices
    assert (device.module, device.options.prof.base_address) == ("prof", base)


def test_a_stopped_plc_is_doubtful(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = dict.fromkeys(range(50), 0) | {0: 0x1700, 10: 4, 4: 100}
    done = discovered(capsys, standing(words), f"--write={tmp_path}/generex.yml")
    assert done.code == 0
    (line,) = lines_with(done.out, "SNMP_PROF frame (prof) is doubtful")
    assert "its counter stands at 23" in line
    assert "module: prof  # (inferred) doubtful" in (tmp_path / "generex.yml").read_text()


def test_tenths_are_inferred_and_written_as_such(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = simulated(capsys, "scale-0.1", f"--write={tmp_path}/generex.yml")
    assert "(inferred) hertz in tenths: word 111 is 500, word 112 is 500, word 113 is 500" in done.out
    assert "230.0" not in done.out
    (device,) = written(tmp_path).devices
    scaled = {"output_volts", "input_volts", "input_frequency"}
    assert set(device.options.overrides) == {
        "ups.battery_volts", "ups.temperature",
        *(f"ups.{name}_{phase}" for name in scaled for phase in (1, 2, 3)),
    }  # fmt: skip
    assert {str(item.scale) for item in device.options.overrides.values()} == {"0.1"}
    assert "(inferred) battery volts in tenths: word 110 is" in (tmp_path / "generex.yml").read_text()


def test_the_strings_decide_whether_battery_volts_are_tenths(capsys: pytest.CaptureFixture[str]) -> None:
    """546 V is a battery, and so is 54.6 V: the sum of a string says which (device.md 2.8: 548 is 54.8 V)."""
    words = image_of(modules=12, strings=3)
    assert words[1011] in range(535, 560)
    done = discovered(capsys, standing(words | {110: 546}))
    assert lines_with(done.out, "battery volts in tenths: word 110 is 546, and the battery strings have 54.")
    done = discovered(capsys, standing(words | {110: 55}))
    assert not lines_with(done.out, "in tenths")


def test_refused_words_are_found_one_by_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    without = [98, 110, 139, 140, 141, 142, *range(143, 151), 1006, 1007, 1008, 1009]
    done = discovered(capsys, standing(image_of(), without), f"--write={tmp_path}/generex.yml")
    assert "refused with exception 2: 0–49, 98, 110, 139–150, 1006–1009" in done.out
    assert lines_with(done.out, "ups.battery_volts")[0].endswith("refused: exception 2")
    assert written(tmp_path).devices[0].expect.modules == 40


def test_a_device_that_serves_one_word_at_a_time(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    device = standing(image_of(strings=1, modules=4), max_words=1)
    done = discovered(capsys, device, f"--write={tmp_path}/generex.yml")
    assert "takes 1 word at once, not more" in done.out
    assert "modules that answer: 1–4\n" in done.out
    assert "modules 25–330 were not looked for" in done.out
    (read,) = written(tmp_path).devices
    assert (read.options.max_words, read.expect.strings, read.expect.modules) == (1, 1, 4)


def test_a_lost_answer_is_no_limit(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(image_of(modules=0))
    device.script = [device.behaviour, silent, silent]
    done = discovered(capsys, device, "--timeout=200ms")
    assert done.code == 0
    assert "at once, not more" not in done.out
    assert "not answered" not in done.out


def test_a_device_that_ignores_longer_requests(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Silence in place of exception 3, and each silence costs a timeout."""
    device = standing(image_of(strings=1, modules=4))
    honest = device.behaviour

    def short(device: Hostile, peer: Peer, request: Request) -> None:
        (silent if request.count > 2 else honest)(device, peer, request)

    device.behaviour = short
    done = discovered(capsys, device, "--timeout=200ms", f"--write={tmp_path}/generex.yml")
    assert done.code == 0
    assert "takes 2 words at once, not more" in done.out
    assert sum(request.count > 2 for request in device.requests) < 15
    (read,) = written(tmp_path).devices
    assert (read.options.max_words, read.expect.modules) == (2, 4)


@pytest.mark.parametrize("limit", [7, 32, 60, 124])
def test_the_longest_request_is_found_out(capsys: pytest.CaptureFixture[str], limit: int) -> None:
    done = discovered(capsys, standing(image_of(), max_words=limit))
    assert done.code == 0
    assert lines_with(done.out, "at once") == (
        [f"takes {limit} words at once, not more"] if limit < 100 else []
    )


def test_a_device_that_ignores_what_it_does_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    """Silence in place of exception 2: what it ignores is neither refused nor a reason to give it up."""
    device = standing(image_of(), [*range(97, 100), *range(143, 151), *range(1005, 1010), *range(50)])
    honest = device.behaviour

    def ignoring(device: Hostile, peer: Peer, request: Request) -> None:
        (silent if device.refusal(request) else honest)(device, peer, request)

    device.behaviour = ignoring
    done = discovered(capsys, device, "--timeout=200ms")
    assert done.code == 0
    assert "not answered: 0–49, 97–99, 143–150, 1005–1009" in done.out
    assert "it counts 2 strings and 40 modules" in done.out
    assert lines_with(done.out, "(inform) does not fit: 128–142 are there")
    assert "1005 got no answer\n" in done.out


def test_live_modules_above_the_devices_own_count(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = image_of() | {1004: 38, 1060 + 5 * 99: 0x73, 1061 + 5 * 99: 0x357A}
    done = discovered(capsys, standing(words), f"--write={tmp_path}/generex.yml")
    assert "modules above its own count: 39–40, 100; they are expected, too" in done.out
    assert "modules: 100  # the device counts 38, but 100 answers" in (tmp_path / "generex.yml").read_text()
    assert written(tmp_path).devices[0].expect.modules == 100


@pytest.mark.parametrize(
    ("strings", "modules", "expected"), [(33, 40, (0, 40)), (2, 500, (2, 0)), (33, 500, (0, 0))]
)
def test_more_than_the_list_has_is_told_and_not_expected(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, strings: int, modules: int, expected: tuple[int, int]
) -> None:
    words = image_of() | {1003: strings, 1004: modules}
    done = discovered(capsys, standing(words), f"--write={tmp_path / 'generex.yml'}")
    device = written(tmp_path).devices[0]
    assert (device.expect.strings, device.expect.modules) == expected
    assert "the device counts 0" not in (tmp_path / "generex.yml").read_text()
    if strings > 10:
        assert "word 1003 says 33 strings, and the known list ends at 10" in done.out
    if modules > 330:
        assert "word 1004 says 500 modules, and the known list ends at 330" in done.out
        assert not re.search(r"\b331\b", done.out)


def test_silent_modules_of_its_count_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    done = simulated(capsys, "normal", pins=dict.fromkeys(range(1060 + 5 * 16, 1060 + 5 * 20), FILLER))
    assert "modules that answer: 1–16, 21–40\n" in done.out
    assert "modules of its count that do not: 17–20\n" in done.out


def test_a_wrong_sign_during_a_discharge_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """Below 0 is discharge (device.md 2.2)."""
    words = image_of()
    words |= {1000: 0x0009, 1010: 1234, 1015: 1200}
    done = discovered(capsys, standing(words))
    assert "the state says discharging and a string's current is above 0" in done.out
    assert "string 1 current is 1234: 12.34 A if it counts 0.01 A, 1234 A if it counts amperes" in done.out
    done = discovered(capsys, standing(words | {1010: 0x10000 - 1234, 1015: 0x10000 - 1200}))
    assert "the sign is not as documented" not in done.out
    assert "string 1 current is -1234: -12.34 A if it counts 0.01 A, -1234 A if" in done.out


def test_one_pair_that_contradicts_is_doubtful_and_three_are_another_list(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Bit 3 of 109 is on battery, as is 116; bit 0 the bypass, as is 123; bit 4 battery low, as is 117."""
    words = image_of(modules=0)
    done = discovered(capsys, standing(words | {109: 4 + 8, 116: 1}))
    assert lines_with(
        done.out, "default list (ups) fits: 10 of 10 bits of word 109 agree with 115–138; the st"
    )
    done = discovered(capsys, standing(words | {109: 4 + 8}))
    (line,) = lines_with(done.out, "default list (ups) is doubtful: 9 of 10 bits of word 109 agree")
    assert "1 of 10 contradict: bit 3 is 1, word 116 is 0" in line
    done = discovered(capsys, standing(words | {109: 4 + 8 + 16 + 1}))
    assert (done.code, len(lines_with(done.out, "default list (ups) does not fit: 7 of 10"))) == (1, 1)


def test_contradicting_words_fit_no_list(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = dict.fromkeys(range(97, 143), 3)
    done = discovered(capsys, standing(words), f"--write={tmp_path}/generex.yml")
    assert done.code == 1
    assert done.err.endswith(
        "generex-exporter: error: no built-in map fits, so nothing was written; run it again with "
        "--report FILE and send that to the vendor\n"
    )
    assert nothing_left(tmp_path)


def test_a_device_that_starts_up_is_doubtful(capsys: pytest.CaptureFixture[str]) -> None:
    done = discovered(capsys, standing(dict.fromkeys(range(97, 143), 0)))
    assert lines_with(done.out, "every word that was read is 0: a device that starts up looks like this")
    assert "To be read with module cs141, which is doubtful." in done.out
    everywhere = discovered(capsys, standing(dict.fromkeys((*range(50), *range(97, 143)), 0)))
    assert lines_with(everywhere.out, "(prof) cannot be told: 0–49 are all 0")
    assert "To be read with module cs141, which is doubtful." in everywhere.out


def test_it_reads_gently_and_only_reads(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(image_of())
    discovered(capsys, device)
    assert {request.function for request in device.requests} == {3, 4}
    assert device.connections == 1
    assert device.most_open == 1
    assert len(device.requests) < 40
    assert max(request.count for request in device.requests) <= 100


def test_bits_are_asked_for_on_demand(capsys: pytest.CaptureFixture[str]) -> None:
    done = simulated(capsys, "normal", "--bits", modules=0)
    assert "coils 0–15: exception 1 (illegal function)" in done.out
    assert "discrete inputs 97–142: exception 1 (illegal function)" in done.out


def test_a_pause_lies_between_requests(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(image_of(modules=0))
    discovered(capsys, device, "--pause=30ms")
    times = [request.at for request in device.requests]
    assert times[-1] - times[0] >= 0.95 * 0.03 * (len(times) - 1)


def test_a_range_of_units(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    device = standing(image_of(modules=0), units=(2, 4))
    done = discovered(
        capsys, device, "--units=1-4", "--timeout=300ms", "--name=ups", f"--write={tmp_path}/generex.yml"
    )
    assert "answers as unit 2\n" in done.out
    assert "answers as unit 4\n" in done.out
    assert "No answer from unit 1, 3\n" in done.out
    # both say the same: one device behind two numbers must not be read twice
    assert "Unit 4 says what unit 2 says" in done.out
    (read,) = written(tmp_path).devices
    assert (read.name, read.target.unit) == ("ups-2", 2)
    assert '# - name: "ups-4"' in (tmp_path / "generex.yml").read_text()


@pytest.mark.parametrize("transport", ["tcp", "rtu-tcp", "rtu"])
def test_a_silent_device_ends_with_the_next_step(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, transport: str
) -> None:
    device = Hostile(transport)
    device.behaviour = silent
    done = discovered(capsys, device, "--timeout=200ms", f"--write={tmp_path}/generex.yml")
    assert (done.code, done.out) == (1, "")
    assert "no answer in time\n  " in done.err
    hint = {
        "tcp": "the port is open, and nothing comes back: is 1 the slave id",
        "rtu": "no answer comes from the line: is COM2 of the CS141 set to Modbus Slave",
        "rtu-tcp": "it takes the connection, and nothing comes back: do baud rate",
    }[transport]
    assert hint in done.err
    assert ("(the target has 9600 8N1)" in done.err) == (
        transport == "rtu"
    )  # else the server's settings count
    assert nothing_left(tmp_path)


def test_a_device_that_falls_silent_on_the_way_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    device = standing(image_of())
    honest = device.behaviour

    def tired(device: Hostile, peer: object, request: object) -> None:
        if len(device.requests) > 5:
            device.behaviour = silent
        honest(device, peer, request)  # type: ignore[arg-type]

    device.behaviour = tired
    done = discovered(capsys, device, "--timeout=300ms", f"--write={tmp_path}/generex.yml")
    assert done.code == 1
    assert "modules of its count that could not be read: 1–40\n" in done.out
    assert "modules of its count that do not" not in done.out
    assert "not answered: 1060–1159\n" in done.out  # and 0–49 were not asked for
    assert "SNMP_PROF" not in done.out
    assert "unit 1 fell silent on the way, so no configuration was written: run it again with a" in done.err
    assert nothing_left(tmp_path)


def test_a_device_that_is_busy_for_good(capsys: pytest.CaptureFixture[str]) -> None:
    device = Hostile()
    device.behaviour = exception(6)
    done = discovered(capsys, device, "--timeout=100ms")
    assert (done.code, done.out) == (1, "")
    assert "exception 6 (device busy)\n  it has no time: it may be starting up, or other masters" in done.err
    assert 2 <= len(device.requests) < 10


def test_a_device_that_is_busy_at_first(capsys: pytest.CaptureFixture[str]) -> None:
    device = standing(image_of(modules=0))
    device.script = [exception(6)]
    done = discovered(capsys, device)
    assert done.code == 0
    assert "To be read with module cs141.\n" in done.out


@pytest.mark.parametrize("by", [1, -1])
def test_a_list_that_counts_from_another_address_is_read_by_what_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, by: int
) -> None:
    device = standing({address + by: word for address, word in image_of(modules=4, strings=1).items()})
    file = tmp_path / "generex.yml"

    async def play() -> tuple[Done, Done]:
        async with device:
            done = await command(capsys, "discover", device.target(), *QUICK, f"--write={file}")
            includes = done.out[done.out.index("  include:") : done.out.index("\n\nHow it answers")]
            _own_map(tmp_path, includes)
            shifted = (f"--config.file={file}", "--module=shifted", "--format=prometheus")
            return done, await command(capsys, "probe", device.target(), *shifted)

    done, read = asyncio.run(play())
    assert (done.code, read.code) == (1, 0)
    assert "the words are shifted, so nothing was written: one address " in done.err
    assert 'generex_ups_output_volts{device="' in read.out
    assert 'phase="1"} 230\n' in read.out
    assert 'generex_ups_status{device="' in read.out
    assert f'generex_bacs_modules{{device="127.0.0.1:{device.port}"}} 4\n' in read.out


def _own_map(folder: Path, includes: str) -> None:
    head = "map: shifted\ntitle: Shifted\nsource: discover\n"
    (folder / "shifted.yaml").write_text(head + textwrap.dedent(includes))
    (folder / "generex.yml").write_text("maps: [shifted.yaml]\nmodules: {shifted: {maps: [shifted]}}\n")


@pytest.mark.parametrize("other", [exception(1), exception(2), silent])
def test_a_device_that_knows_function_code_4_only(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, other: Behaviour
) -> None:
    """What is written is read by: the file says the function code, and the exporter asks with that."""
    device = standing(image_of(modules=4, strings=1))
    honest = device.behaviour

    def only_4(device: Hostile, peer: Peer, request: Request) -> None:
        (honest if request.function == 4 else other)(device, peer, request)

    device.behaviour = only_4
    file = f"{tmp_path}/generex.yml"

    async def play() -> tuple[Done, Done]:
        async with device:
            flags = (*QUICK, "--timeout=200ms", "--name=ups", f"--write={file}")
            done = await command(capsys, "discover", device.target(), *flags)
            device.requests.clear()
            return done, await command(capsys, "probe", "ups", f"--config.file={file}", "--format=prometheus")

    done, read = asyncio.run(play())
    assert (done.code, read.code) == (0, 0)
    assert lines_with(done.out, "default list (ups) fits: 10 of 10")
    assert "function code 4 reads words" in done.out
    assert "the device needs `function: 4`.\n" in done.out
    assert "To be read with module cs141.\n" in done.out
    assert {request.function for request in device.requests} == {4}
    assert 'generex_ups_output_volts{device="ups",phase="1"} 230\n' in read.out
    assert 'generex_bacs_modules{device="ups"} 4\n' in read.out


def test_a_gateway_behind_which_nobody_is(capsys: pytest.CaptureFixture[str]) -> None:
    device = Hostile()
    device.behaviour = exception(11)
    done = discovered(capsys, device)
    assert done.code == 1
    assert "the gateway is there, but not what is behind it: is 1 the right unit id?" in done.err


def test_over_a_pseudo_terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    done = simulated(
        capsys, "normal", f"--write={tmp_path}/generex.yml", listen="pty", strings=1, modules=4, unit=3
    )
    assert done.code == 0
    (device,) = written(tmp_path).devices
    assert device.target.url.startswith("rtu:///dev/pts/")
    assert (device.target.unit, device.expect.modules) == (3, 4)


def _own_scenario(personality: Personality, base: int = 0) -> Scenario:
    story = {"name": "own", "description": "as asked", "lasts": "10m"}
    return Scenario.model_validate(story | {"personality": personality, "base": base})
