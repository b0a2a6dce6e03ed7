"""What an Accept or Accept-Encoding header asks for."""

import pytest

from exporter.exposition.negotiation import negotiate, takes_gzip

TEXT, OPEN = "text", "openmetrics"
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)
PROMETHEUS_3_NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    + PROMETHEUS_3
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, TEXT),
        ("", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/plain", TEXT),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT),
        ("application/json", TEXT),
        (PROMETHEUS_2_42, OPEN),
        (PROMETHEUS_3, OPEN),
        (PROMETHEUS_3_NATIVE, OPEN),
        ("application/openmetrics-text", OPEN),
        ("application/*", OPEN),
        ("APPLICATION/OpenMetrics-Text; Version=1.0.0", OPEN),
        ('application/openmetrics-text; version="1.0.0"', OPEN),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=9.9.9", TEXT),
        ("application/openmetrics-text;version=abc", TEXT),
        ("text/plain;version=abc,application/openmetrics-text;q=0.1", OPEN),
        ("text/plain;q=0.9,application/openmetrics-text;q=0.1", TEXT),
        ("text/plain;q=0.1,application/openmetrics-text;q=0.9", OPEN),
        ("application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=0,*/*", TEXT),
        ("text/plain;q=0,*/*;q=0.1", OPEN),
        ("text/plain;q=0", TEXT),
        ("application/openmetrics-text;q=0.5,*/*;q=0.5", OPEN),
        ("application/openmetrics-text;q=2", TEXT),
        ("application/openmetrics-text;q=abc", TEXT),
        ("application/openmetrics-text;q=nan", TEXT),
        (";;,,=;q", TEXT),
    ],
)  # fmt: skip
def test_accept(accept: str | None, form: str) -> None:
    assert negotiate(accept) == form


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("deflate, gzip;q=0.5, br", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("*;q=0, gzip", True),
        ("gzip;q=0, *", False),
        ("identity", False),
        ("gzip;q=x", False),
        ("not-gzip", False),
    ],
)
def test_accept_encoding(accept: str | None, wanted: bool) -> None:
    assert takes_gzip(accept) is wanted
