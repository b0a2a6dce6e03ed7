"""The section `otlp`, what the OTEL_* variables fill in, and the names that are made from Prometheus ones."""

import re
from pathlib import Path

import pytest
import trustme

from exporter.config import Header, Otlp, OtlpTls, load_config, metrics_url
from exporter.errors import UserError
from exporter.exposition.otlp.past import Past
from exporter.maps import load_maps
from exporter.maps.otlp import derived_name, unit_of

GOOD = Path(__file__).parents[1] / "config" / "good"
TIMES = ("OTEL_METRIC_EXPORT_INTERVAL", "OTEL_EXPORTER_OTLP_TIMEOUT")


def load(text: str, folder: Path, flag: str | None = None, **environ: str) -> Otlp | None:
    file = folder / "c.yaml"
    file.write_text(text)
    return load_config(file, otlp_endpoint=flag, environ=environ).otlp


def test_everything() -> None:
    secret = "Bearer of-a-test"
    origin = {"file": str(GOOD / "otlp.token")}
    config = load_config(GOOD / "otlp.yaml", environ={})
    assert config.otlp == Otlp(
        "https://collector.example.org:4318/otlp/v1/metrics",
        {"Authorization": Header(secret, origin), "X-Scope-OrgID": Header(secret, origin)},
        30.0,
        5.0,
        "none",
        OtlpTls(str(GOOD / "otlp_ca.pem")),
    )
    assert "of-a-test" not in config.dump() + repr(config)


def test_what_is_dumped_reads_back(tmp_path: Path) -> None:
    config = load_config(GOOD / "otlp.yaml", environ={})
    assert load(config.dump(), tmp_path) == config.otlp


def test_the_example_of_the_readme(tmp_path: Path) -> None:
    readme = (GOOD.parents[2] / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(otlp:\n.*?)```", readme, re.DOTALL)
    (tmp_path / "secret").write_text("Bearer x\n")
    (tmp_path / "ca.pem").write_bytes((GOOD / "otlp_ca.pem").read_bytes())
    found = load(block.replace("/run/secrets/otlp", "secret"), tmp_path)
    assert found is not None
    assert found.endpoint == "https://collector.example.org:4318/v1/metrics"
    assert found.headers["Authorization"].value == "Bearer x"
    assert (found.interval, found.timeout, found.compression) == (30.0, 10.0, "gzip")
    assert load(
        "otlp: {endpoint: 'http://c', headers: {Authorization: {env: OTLP_AUTHORIZATION}}}",
        tmp_path,
        OTLP_AUTHORIZATION="Bearer y",
    )


def test_without_an_endpoint_there_is_no_push(tmp_path: Path) -> None:
    assert load("otlp: {interval: 5s}", tmp_path) is None
    assert load("{}", tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://c", OTEL_METRICS_EXPORTER="otlp") is None
    assert load_config(targets=["10.0.0.7"]).otlp is None


def test_the_defaults(tmp_path: Path) -> None:
    assert load("otlp: {endpoint: 'http://c'}", tmp_path) == Otlp(
        "http://c/v1/metrics", {}, 60.0, 10.0, "gzip"
    )


def test_the_flag_beats_the_file(tmp_path: Path) -> None:
    found = load("otlp: {endpoint: 'http://file', interval: 5s}", tmp_path, "http://flag")
    assert found == Otlp("http://flag/v1/metrics", interval=5.0)


def test_otel_variables_fill_in(tmp_path: Path) -> None:
    variables = {
        "OTEL_METRIC_EXPORT_INTERVAL": "15000",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "9000",
        "OTEL_EXPORTER_OTLP_METRICS_TIMEOUT": "2500",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    }
    found = load("otlp: {endpoint: 'http://c'}", tmp_path, **variables)
    assert found == Otlp("http://c/v1/metrics", {}, 15.0, 2.5, "none")
    text = "otlp: {endpoint: 'http://c', interval: 1s, timeout: 2s, compression: gzip}"
    assert load(text, tmp_path, **variables) == Otlp("http://c/v1/metrics", {}, 1.0, 2.0, "gzip")


def test_headers_and_resources_of_the_environment(tmp_path: Path) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=a%20b, Authorization=Bearer env,X-Key = k==,",
        "OTEL_RESOURCE_ATTRIBUTES": "k8s.pod.name=pod-1, note=a%2Cb%3D ,service.name=no",
        "OTEL_SERVICE_NAME": "power",
    }
    text = "otlp: {endpoint: 'http://c', headers: {authorization: {env: KEY}}}"
    found = load(text, tmp_path, KEY="Bearer own", **variables)
    assert found is not None
    values = {name: header.value for name, header in found.headers.items()}
    assert values == {"authorization": "Bearer own", "x-tenant": "a b", "x-key": "k=="}
    assert found.resource == {"k8s.pod.name": "pod-1", "note": "a,b=", "service.name": "power"}
    dump = load_config(tmp_path / "c.yaml", environ={"KEY": "Bearer own", **variables}).dump()
    assert "x-tenant" not in dump
    assert load(dump, tmp_path, KEY="Bearer own", **variables) == found
    found = load(text, tmp_path, KEY="x", OTEL_EXPORTER_OTLP_METRICS_HEADERS="a=1", **variables)
    assert found is not None
    assert found.headers.keys() == {"authorization", "a"}


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,s3cret", "entry 2 is not of the form NAME=VALUE"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=1,=s3cret", "entry 2 is not of the form NAME=VALUE"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "Bearer s3cret=1", "HEADERS: not the name of a header"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "host=s3cret", 'header "host" is set by the exporter itself'),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%0Ax", "a value holds no header value"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret%FF", "holds no header value"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=", "a value is empty"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=s3cret\udcff", "holds characters that are none of plain text"),
        ("OTEL_RESOURCE_ATTRIBUTES", "a=1,b", "entry 2 is not of the form NAME=VALUE"),
        ("OTEL_SERVICE_NAME", "a\nb", "holds characters that are none of plain text"),
        ("OTEL_EXPORTER_OTLP_CERTIFICATE", "s3cret", "no certificates in this file: No such file"),
        ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "s3cret", "no certificate with its key in these two files"),
    ],
)
def test_bad_lists_name_the_variable_and_the_entry(
    variable: str, value: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"^{variable}: ") as caught:
        load("otlp: {endpoint: 'https://c'}", tmp_path, **{variable: value})
    assert message in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert load("otlp: {}", tmp_path, **{variable: value}) is None, "nothing is sent there"


def test_certificates_of_the_environment(tmp_path: Path) -> None:
    pem = str(GOOD / "otlp_ca.pem")
    client = trustme.CA().issue_cert("me")
    client.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "both.pem"))
    both = str(tmp_path / "both.pem")
    variables = {"OTEL_EXPORTER_OTLP_CERTIFICATE": pem, "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE": both}
    found = load("otlp: {endpoint: 'https://c'}", tmp_path, **variables)
    assert found is not None
    assert found.tls == OtlpTls(pem, both, both)
    found = load("otlp: {endpoint: 'https://c', tls: {ca_file: both.pem}}", tmp_path, **variables)
    assert found is not None
    assert found.tls == OtlpTls(both, both, both)
    found = load("otlp: {endpoint: 'http://c'}", tmp_path, **variables)
    assert found is not None
    assert found.tls == OtlpTls(), "there they count for nothing"


@pytest.mark.parametrize("value", ["0", "-5", "1.5", "5s", "٣", "9" * 12])
@pytest.mark.parametrize("variable", TIMES)
def test_bad_times_name_the_variable(variable: str, value: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f'{variable}: "{value}" is no number of milliseconds above 0'):
        load("otlp: {endpoint: 'http://c'}", tmp_path, **{variable: value})


def test_bad_compression_names_the_variable(tmp_path: Path) -> None:
    message = 'OTEL_EXPORTER_OTLP_METRICS_COMPRESSION: "zstd" is not one of gzip, none'
    with pytest.raises(UserError, match=message):
        load("otlp: {endpoint: 'http://c'}", tmp_path, OTEL_EXPORTER_OTLP_METRICS_COMPRESSION="zstd")


@pytest.mark.parametrize(
    ("value", "delta"),
    [("", False), ("cumulative", False), ("delta", True), (" Delta ", True), ("LowMemory", False)],
)
def test_temporality(value: str, delta: bool, tmp_path: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": value}
    found = load("otlp: {endpoint: 'http://c'}", tmp_path, **variables)
    assert found is not None
    assert found.delta == delta


def test_a_wrong_temporality_names_the_variable(tmp_path: Path) -> None:
    variables = {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "deltas"}
    message = f'{next(iter(variables))}: "deltas" is not one of cumulative, delta, lowmemory'
    with pytest.raises(UserError, match=message):
        load("otlp: {endpoint: 'http://c'}", tmp_path, **variables)
    assert load("", tmp_path, **variables) is None


def test_grpc_is_told_to_be_none_of_ours(tmp_path: Path) -> None:
    text, variable = "otlp: {endpoint: 'http://c'}", "OTEL_EXPORTER_OTLP_PROTOCOL"
    with pytest.raises(UserError, match=f"{variable}: grpc is not spoken here: write http/protobuf, .* 4318"):
        load(text, tmp_path, **{variable: "grpc"})
    for fine in ("http/protobuf", "http/json"):
        assert load(text, tmp_path, **{variable: fine})
    assert load("", tmp_path, **{variable: "grpc"}) is None


@pytest.mark.parametrize("value", ["", "two\nlines", "é", "x" * 20_000])
def test_secrets_that_no_header_can_hold_are_not_shown(value: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="variable KEY ") as caught:
        load("otlp: {headers: {X-Key: {env: KEY}}}", tmp_path, KEY=value)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize(
    "headers",
    [
        "{X-Key: s3cret}",
        "X-Key=s3cret",
        "{X-Key: 's3cret\n\n  2'}",
        "{X-Key: {value: s3cret}}",
        "{X-Key: [s3cret]}",
    ],
)
def test_a_secret_in_the_wrong_place_is_not_shown(headers: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"c\.yaml:\d: otlp\.headers") as caught:
        load(f"otlp: {{endpoint: 'http://c', headers: {headers}}}", tmp_path)
    assert "s3cret" not in str(caught.value)


def test_blanks_around_a_secret_do_not_belong_to_it(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("  Bearer x \r\n")
    found = load("otlp: {endpoint: 'http://c', headers: {Authorization: {file: token}}}", tmp_path)
    assert found is not None
    assert found.headers["Authorization"].value == "Bearer x"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://c", "http://c/v1/metrics"),
        ("http://c:4318/", "http://c:4318/v1/metrics"),
        ("https://c/otlp", "https://c/otlp/v1/metrics"),
        ("https://c/v1/metrics", "https://c/v1/metrics"),
        ("https://c/a/v1/metrics/", "https://c/a/v1/metrics"),
        ("http://[::1]:4318", "http://[::1]:4318/v1/metrics"),
        ("http://c/v1", "http://c/v1/v1/metrics"),
    ],
)
def test_endpoints(text: str, url: str) -> None:
    assert metrics_url(text) == url


@pytest.mark.parametrize(
    ("metric", "name"),
    [
        ("generex_pump_pressure_pascals", "generex.pump_pressure_pascals"),
        ("generex_pump_starts_total", "generex.pump_starts"),
        ("acme_energy_joules_total", "generex.acme_energy_joules"),
    ],
)
def test_names_made_from_those_of_prometheus(metric: str, name: str) -> None:
    assert derived_name(metric) == name


@pytest.mark.parametrize(
    ("name", "metric", "unit", "code"),
    [
        ("hw.status", "generex_ups_status", "", "1"),
        ("generex.up", "generex_up", "", ""),
        ("generex.odd_words", "generex_odd_words", "", "{word}"),
        ("generex.exporter_modbus_errors", "generex_exporter_modbus_errors_total", "", "{error}"),
        ("hw.voltage", "generex_ups_input_volts", "volts", "V"),
        ("hw.temperature", "generex_ups_temperature_celsius", "celsius", "Cel"),
        ("generex.acme_ohms", "acme_ohms", "ohms", "Ohm"),
        ("hw.battery.charge", "generex_ups_battery_charge_ratio", "ratio", "1"),
        ("generex.pump_oil_furlongs", "generex_pump_oil_furlongs", "furlongs", "{furlongs}"),
    ],
)
def test_units(name: str, metric: str, unit: str, code: str) -> None:
    assert unit_of(name, metric, unit) == code


def test_starts_of_counters() -> None:
    past = Past(since=5)
    assert past.start(("a",), 7, 100, 100) == 100
    assert past.start(("b",), 9, 110, 5) == 5
    assert past.start(("a",), 7, 200, 200) == 100
    assert past.start(("a",), 3, 300, 300) == 200
    assert past.start(("a",), 4, 400, 400) == 200
    assert past.start(("b",), 9, 400, 5) == 5
    assert past.start(("b",), 0, 500, 5) == 400


OWN = """\
map: {name}
title: Mine
source: hand-written
metrics:
  {metric}: {{help: Volts., unit: volts{otlp}}}
groups: {{{name}: {{title: Mine, words: {{{name}_word: {{address: {address}, metric: {metric}{labels}}}}}}}}}
"""


def own_map(
    folder: Path, name: str, metric: str, *, otlp: str = "", labels: str = "", address: int = 1
) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(OWN.format(name=name, metric=metric, otlp=otlp, labels=labels, address=address))
    return path


def test_a_metric_that_a_built_in_map_has_is_called_as_there(tmp_path: Path) -> None:
    path = own_map(tmp_path, "mine", "generex_ups_battery_volts")
    otlp = load_maps([path])["mine"].metrics["generex_ups_battery_volts"].otlp
    assert (otlp.name, otlp.unit) == ("hw.voltage", "V")
    assert otlp.attributes({}) == {
        "hw.id": "ups.battery", "hw.parent": "ups", "hw.sensor_location": "battery",
    }  # fmt: skip


def test_where_that_does_not_fit_it_has_a_name_of_its_own(tmp_path: Path) -> None:
    # in place of the built-in map: a phase that there is no label for
    path = own_map(tmp_path, "bacs", "generex_bacs_string_volts")
    otlp = load_maps([path])["bacs"].metrics["generex_bacs_string_volts"].otlp
    assert (otlp.name, otlp.unit, otlp.attributes({})) == ("generex.bacs_string_volts", "V", {})


def test_no_module_has_two_words_for_one_point(tmp_path: Path) -> None:
    otlp = ", otlp: {name: hw.voltage, attributes: {hw.id: x}}"
    own_map(tmp_path, "one", "generex_one_volts", otlp=otlp)
    own_map(tmp_path, "two", "generex_two_volts", otlp=otlp, address=2)
    text = "maps: [one.yaml, two.yaml]\nmodules: {both: {maps: [one, two]}}\n"
    message = 'modules.both.maps.1: maps "one" and "two" both have the OTLP point "hw.voltage'
    with pytest.raises(UserError, match=message):
        load(text, tmp_path)
