"""The rules of probe.allow against addresses and names as people write them."""

import pytest

from exporter.config import AllowRule


@pytest.mark.parametrize(
    ("rule", "host", "port", "allowed"),
    [
        ("10.0.0.0/24", "10.0.0.0", 502, True),
        ("10.0.0.0/24", "10.0.0.255", 502, True),
        ("10.0.0.0/24", "10.0.1.0", 502, False),
        ("10.0.0.0/24", "10.0.0.7", 503, False),
        ("10.0.0.0/24:1502", "10.0.0.7", 1502, True),
        ("10.0.0.0/24:1502", "10.0.0.7", 502, False),
        ("10.0.0.7", "10.0.0.7", 502, True),
        ("10.0.0.7", "10.0.0.8", 502, False),
        # what connects to 10.0.0.7 is judged as that
        ("10.0.0.0/24", "::ffff:10.0.0.7", 502, True),
        ("[::ffff:10.0.0.7]", "10.0.0.7", 502, True),
        ("::ffff:10.0.0.0/120", "10.0.0.7", 502, True),
        ("::ffff:10.0.0.0/120", "10.0.1.7", 502, False),
        ("::/0", "::ffff:10.0.0.7", 502, False),
        # other writings of an address are names: whoever resolves them is not asked
        ("10.0.0.0/24", "167772167", 502, False),
        ("10.0.0.0/24", "10.0.0.07", 502, False),
        ("0.0.0.0/0", "ups.example.org", 502, False),
        ("fd00::/64", "fd00::1", 502, True),
        ("fd00::/64", "fd00:0:0:0:1::1", 502, True),
        ("fd00::/64", "fd00:0:0:1::1", 502, False),
        ("[fd00::]/64:503", "fd00::1", 503, True),
        ("[fd00::1]:503", "fd00::1", 503, True),
        ("[fd00::1]", "FD00:0::1", 502, True),
        ("[fd00::]/64", "fd00::2", 502, True),
        ("ups.example.org", "UPS.example.org", 502, True),
        ("UPS.example.org.", "ups.example.org", 502, True),
        ("ups.example.org", "ups.example.org.", 502, True),
        ("ups.example.org", "a.ups.example.org", 502, False),
        ("example.org:1502", "example.org", 1502, True),
        ("example.org:1502", "example.org", 502, False),
        ("ups_1", "ups_1", 502, True),
    ],
)
def test_rule(rule: str, host: str, port: int, allowed: bool) -> None:
    assert AllowRule.parse(rule).allows(host, port) is allowed
    assert AllowRule.parse(str(AllowRule.parse(rule))) == AllowRule.parse(rule)
