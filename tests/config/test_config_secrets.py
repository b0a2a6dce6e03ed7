"""A secret that stands where none belongs is an error that names the place, and never the secret."""

from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.errors import UserError
from exporter.web.security import CurrentWebConfig
from exporter.yamlfile import parse

# with blanks, as a token, long, in lines, as a number, and with signs that YAML knows
SECRETS = (
    "Bearer eyJ.s3cret", "s3cret", "s3cret" * 300, '"s3cret\\n"', "80537105", "*s3cret", "!s3cret x",
    "2001-99-99", "'key: s3cret'", "0234567", "12:34:56",
)  # fmt: skip
HINTS = ("s3cret", "80537105", "2001-99-99", "234567", "80247", "12:34:56", "45296")

PLACES = {
    "endpoint": "otlp: {{endpoint: {0}}}",
    "password in the endpoint": "otlp: {{endpoint: 'http://x:s3cret@c'}}",
    "query of the endpoint": "otlp: {{endpoint: 'http://c?token=s3cret'}}",
    "section": "otlp: {0}",
    "headers": "otlp: {{headers: {0}}}",
    "header": "otlp: {{headers: {{authorization: {0}}}}}",
    "list of headers": "otlp: {{headers: {{authorization: [{0}]}}}}",
    "variable": "otlp: {{headers: {{authorization: {{env: {0}}}}}}}",
    "file": "otlp: {{headers: {{authorization: {{file: {0}}}}}}}",
    "other key": "otlp: {{headers: {{authorization: {{value: {0}}}}}}}",
    "key": "otlp: {{headers: {{authorization: {{Bearer s3cret: x}}}}}}",
    "key alone": "otlp: {{headers: {{authorization: {{Bearer s3cret}}}}}}",
    "key twice": "otlp: {{headers: {{authorization: {{Bearer s3cret: x, Bearer s3cret: y}}}}}}",
    "name": "otlp: {{headers: {{'Authorization: Bearer s3cret': {{env: X}}}}}}",
    "files of TLS": "otlp: {{tls: {{ca_file: {0}, cert_file: {0}, key_file: {0}}}}}",
    "TLS": "otlp: {{tls: {0}}}",
    "plain key": "otlp: {{headers: {{authorization: {{s3cret: x}}}}}}",
    "password as an option": "devices: [{{target: '10.0.0.7?password=s3cret'}}]",
    "password of a device": "devices: [{{target: 'http://admin:s3cret@10.0.0.7'}}]",
    "password of a serial line": "devices: [{{target: 'rtu://admin:s3cret@h'}}]",
    "password of a serial server": "devices: [{{target: 'rtu-tcp://admin:s3cret@h:1'}}]",
    "password in the options of a serial line": "devices: [{{target: 'rtu:///dev/a?x=admin:s3cret@h'}}]",
    "token behind an option that is there twice": "devices: [{{target: 'a?unit=1&unit=2&token=s3cret'}}]",
    "token of another scheme": "devices: [{{target: 'http://10.0.0.7?token=s3cret'}}]",
    "password of a probe": "probe: {{allow: ['http://admin:s3cret@10.0.0.7']}}",
}
WEB_PLACES = {
    "hash": "basic_auth_users: {{prometheus: {0}}}",
    "users": "basic_auth_users: {0}",
    "user": "basic_auth_users: {{'prometheus:s3cret': x}}",
    "user twice": "basic_auth_users: {{Bearer s3cret: x, Bearer s3cret: y}}",
    "key": "tls_server_config: {{cert: x, key: {0}}}",
    "files": "tls_server_config: {{cert_file: {0}, key_file: {0}}}",
    "client CA": "tls_server_config: {{cert: x, key: y, client_ca_file: {0}}}",
    "section": "tls_server_config: {0}",
    "other key": "tls_server_config: {{Bearer s3cret: x}}",
    "other section": "Bearer s3cret: x",
}


def cases(places: dict[str, str]) -> dict[str, str]:
    return {
        f"{name} {number}": f"# one\n{template.format(secret)}\n"
        for name, template in places.items()
        for number, secret in enumerate(SECRETS if "{0}" in template else [""])
    }


CASES, WEB_CASES = cases(PLACES), cases(WEB_PLACES)


def says_nothing(error: UserError, path: Path) -> None:
    assert str(error).startswith(f"{path}:2: ")
    assert not any(hint in str(error) for hint in HINTS), str(error)
    assert len(str(error)) < 1000


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_nothing_of_it_is_shown(text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_config(path, environ={})
    says_nothing(caught.value, path)


@pytest.mark.parametrize("text", WEB_CASES.values(), ids=WEB_CASES)
def test_nothing_of_it_is_shown_of_the_web_configuration(text: str, tmp_path: Path) -> None:
    path = tmp_path / "web.yml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        CurrentWebConfig(path)
    says_nothing(caught.value, path)


def test_a_key_in_place_of_its_file(tmp_path: Path) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\n    MIIs3cret\n    -----END PRIVATE KEY-----"
    for style in ("|", ">", ""):
        (tmp_path / "web.yml").write_text(
            f"tls_server_config:\n  cert_file: a\n  key_file: {style}\n    {pem}\n"
        )
        with pytest.raises(UserError) as caught:
            CurrentWebConfig(tmp_path / "web.yml")
        assert "s3cret" not in str(caught.value)
        (tmp_path / "c.yml").write_text(
            f"otlp:\n  tls:\n    cert_file: a\n    key_file: {style}\n     {pem}\n"
        )
        with pytest.raises(UserError) as caught:
            load_config(tmp_path / "c.yml")
        assert "s3cret" not in str(caught.value)


def test_a_flag_with_a_password() -> None:
    with pytest.raises(UserError, match=r"^--target: bad target: only an address") as caught:
        load_config(targets=["ups=http://admin:s3cret@10.0.0.7"])
    assert "s3cret" not in str(caught.value)
    with pytest.raises(
        UserError, match=r'^--target "ups=10\.0\.0\.7\?…": .* unknown option "password"'
    ) as caught:
        load_config(targets=["ups=10.0.0.7?password=s3cret"])
    assert "s3cret" not in str(caught.value)


def test_what_stands_in_the_way_of_yaml_is_told() -> None:
    with pytest.raises(UserError, match="found undefined alias: put text that begins with") as caught:
        parse("a: *s3cret", "f")
    assert "s3cret" not in str(caught.value)
