"""Real handshakes: versions, cipher suites, curves, and client certificates."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.loops import run
from tests.security.secured import Authority, Server, put, secured
from tests.support import require

PAIR = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
VERIFY = f"{PAIR}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n"
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def play(folder: Path, config: str, story: Callable[[Server], Awaitable[None]]) -> None:
    (folder / "web.yml").write_text(config)

    async def go() -> None:
        async with secured(folder / "web.yml") as server:
            await story(server)

    run(go())


async def spoken(server: Server, tls: ssl.SSLContext) -> tuple[str, str]:
    """The version and cipher suite that were agreed on."""
    _, writer = await server.connect(tls)
    cipher: tuple[str, str, int] = writer.get_extra_info("cipher")
    version: str = writer.get_extra_info("ssl_object").version()
    writer.close()
    return version, cipher[0]


def test_https_is_spoken_and_http_is_not(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        assert (await server.ask(tls=authority.client())).status == 200
        with pytest.raises(AssertionError, match="no answer"):
            await server.ask()
        with pytest.raises(ssl.SSLCertVerificationError):
            await server.connect(Authority().client())

    play(folder, PAIR, story)


def test_http_1_1_is_what_is_agreed_on(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        for offered, agreed in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None)):
            tls = authority.client()
            tls.set_alpn_protocols(offered)
            _, writer = await server.connect(tls)
            assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == agreed
            writer.close()

    play(folder, f"{PAIR}http_server_config: {{http2: true}}\n", story)


@pytest.mark.parametrize(
    ("keys", "good", "bad"),
    [
        ("", (TLS12, TLS13), ()),
        ("min_version: TLS13", (TLS13,), (TLS12,)),
        ("max_version: TLS12", (TLS12,), (TLS13,)),
        ("cipher_suites: [TLS_AES_128_GCM_SHA256]", (TLS13,), (TLS12,)),
    ],
)
def test_versions(
    folder: Path,
    authority: Authority,
    keys: str,
    good: tuple[ssl.TLSVersion, ...],
    bad: tuple[ssl.TLSVersion, ...],
) -> None:
    async def story(server: Server) -> None:
        for version in good:
            assert not await server.is_refused(authority.client(version=version))
        for version in bad:
            assert await server.is_refused(authority.client(version=version))

    play(folder, f"{PAIR}  {keys}\n", story)


@pytest.mark.parametrize(
    ("key_type", "go", "openssl"),
    [
        ("ECDSA", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("ECDSA", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("ECDSA", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("ECDSA", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "ECDHE-ECDSA-AES128-SHA"),
        ("ECDSA", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "ECDHE-ECDSA-AES256-SHA"),
        ("RSA", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
        ("RSA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("RSA", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
        ("RSA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-SHA"),
        ("RSA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "ECDHE-RSA-AES256-SHA"),
    ],
)
def test_each_cipher_suite_is_the_one_of_that_name(
    folder: Path, authority: Authority, key_type: str, go: str, openssl: str
) -> None:
    authority.write_server(folder, key_type=key_type)

    async def story(server: Server) -> None:
        same = authority.client(version=TLS12)
        same.set_ciphers(openssl)
        assert await spoken(server, same) == ("TLSv1.2", openssl)
        other = authority.client(version=TLS12)
        other.set_ciphers(f"DEFAULT:!{openssl}")
        assert await server.is_refused(other)
        # those of TLS 1.3 are on, whatever is listed
        assert (await spoken(server, authority.client(version=TLS13)))[0] == "TLSv1.3"

    play(folder, f"{PAIR}  cipher_suites: [{go}]\n", story)


@pytest.mark.parametrize("servers_order", [True, False])
def test_whose_order_of_cipher_suites_counts(folder: Path, authority: Authority, servers_order: bool) -> None:
    async def story(server: Server) -> None:
        tls = authority.client(version=TLS12)
        tls.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384")
        size = "256" if servers_order else "128"
        assert f"AES{size}" in (await spoken(server, tls))[1]

    suites = "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    order = f"  prefer_server_cipher_suites: {str(servers_order).lower()}\n"
    play(folder, f"{PAIR}  cipher_suites: [{suites}]\n{order}", story)


@pytest.mark.parametrize(
    ("curve", "openssl", "another"),
    [
        ("CurveP256", "prime256v1", "X25519"),
        ("CurveP384", "secp384r1", "prime256v1"),
        ("CurveP521", "secp521r1", "prime256v1"),
        ("X25519", "X25519", "prime256v1"),
    ],
)
def test_each_curve(folder: Path, authority: Authority, curve: str, openssl: str, another: str) -> None:
    async def story(server: Server) -> None:
        same, other = authority.client(version=TLS13), authority.client(version=TLS13)
        same.set_ecdh_curve(openssl)
        other.set_ecdh_curve(another)
        assert not await server.is_refused(same)
        assert await server.is_refused(other)

    play(folder, f"{PAIR}  curve_preferences: [{curve}]\n", story)


def test_all_curves(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        for curve in ("prime256v1", "secp384r1", "secp521r1", "X25519"):
            tls = authority.client()
            tls.set_ecdh_curve(curve)
            assert not await server.is_refused(tls)

    play(folder, f"{PAIR}  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]\n", story)


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize(
    ("kind", "none", "good", "strange"),
    [
        ("NoClientCert", True, True, True),
        ("RequestClientCert", True, True, True),
        ("VerifyClientCertIfGiven", True, True, False),
        ("RequireAndVerifyClientCert", False, True, False),
    ],
)
def test_client_certificates(
    folder: Path,
    authority: Authority,
    version: ssl.TLSVersion,
    kind: str,
    none: bool,
    good: bool,
    strange: bool,
) -> None:
    async def story(server: Server) -> None:
        stranger = authority.client(version=version)
        Authority().ca.issue_cert("me").configure_cert(stranger)
        assert await server.is_refused(authority.client(version=version)) != none
        assert await server.is_refused(authority.client("me", version=version)) != good
        assert await server.is_refused(stranger) != strange

    ca = "  client_ca_file: ca.crt\n" if "Verify" in kind else ""
    play(folder, f"{PAIR}  client_auth_type: {kind}\n{ca}", story)


def test_without_a_client_ca_a_certificate_that_is_given_counts_for_nothing(
    folder: Path, authority: Authority
) -> None:
    async def story(server: Server) -> None:
        assert not await server.is_refused(authority.client())
        assert await server.is_refused(authority.client("me"))

    play(folder, f"{PAIR}  client_auth_type: VerifyClientCertIfGiven\n", story)


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize(
    ("allowed", "names", "admitted"),
    [
        ("prometheus.example.org", ["prometheus.example.org"], True),
        ("prometheus.example.org", ["other.example.org", "prometheus.example.org"], True),
        ("prometheus.example.org", ["other.example.org"], False),
        ("prometheus.example.org", ["a.prometheus.example.org"], False),
        ("example.org", ["*.example.org"], False),
        ("me@example.org", ["me@example.org"], True),
        ("example.org", ["me@example.org"], False),
        ("192.0.2.1", ["192.0.2.1"], True),
        ("192.0.2.1", ["192.0.2.10"], False),
        ("2001:db8::1", ["2001:db8::1"], True),
        ("2001:DB8:0::1", ["2001:db8::1"], True),
        ("2001:db8::1", ["2001:db8::2"], False),
    ],
)
def test_allowed_names(
    folder: Path,
    authority: Authority,
    version: ssl.TLSVersion,
    allowed: str,
    names: list[str],
    admitted: bool,
) -> None:
    async def story(server: Server) -> None:
        assert await server.is_refused(authority.client(*names, version=version)) != admitted
        # and the next client is judged by its own certificate
        assert not await server.is_refused(authority.client("second.example.org", version=version))

    sans = f"  client_allowed_sans: ['{allowed}', second.example.org]\n"
    play(folder, VERIFY + sans, story)


def test_the_subjects_common_name_is_no_allowed_name(folder: Path, authority: Authority) -> None:
    async def story(server: Server) -> None:
        tls = authority.client()
        authority.ca.issue_cert("other.example.org", common_name="one").configure_cert(tls)
        assert await server.is_refused(tls)

    play(folder, f"{VERIFY}  client_allowed_sans: [one]\n", story)


def test_who_may_be_without_a_certificate_may_not_come_with_a_wrong_one(
    folder: Path, authority: Authority
) -> None:
    async def story(server: Server) -> None:
        assert not await server.is_refused(authority.client())
        assert not await server.is_refused(authority.client("one"))
        assert await server.is_refused(authority.client("two"))

    config = VERIFY.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    play(folder, f"{config}  client_allowed_sans: [one]\n", story)


def test_a_resumed_session_is_judged_again(folder: Path, authority: Authority) -> None:
    """Over blocking sockets: asyncio has no way to resume a session."""

    def ask(
        port: int, tls: ssl.SSLContext, session: ssl.SSLSession | None, reused: bool = True
    ) -> tuple[bytes, ssl.SSLSession]:
        with (
            socket.create_connection(("127.0.0.1", port), 5) as plain,
            tls.wrap_socket(plain, server_hostname="localhost", session=session) as secure,
        ):
            assert secure.session is not None
            assert secure.session_reused == (session is not None and reused)
            with contextlib.suppress(ConnectionError):
                secure.sendall(b"GET /sd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return secure.recv(4096), secure.session
            return b"", secure.session

    async def story(server: Server) -> None:
        tls = authority.client("one", version=TLS12)
        answer, session = await asyncio.to_thread(ask, server.port, tls, None)
        assert answer.startswith(b"HTTP/1.1 200")
        again, _ = await asyncio.to_thread(ask, server.port, tls, session)
        assert again.startswith(b"HTTP/1.1 200")
        # one that was turned away has a session as well, and is turned away with it again
        stranger = authority.client("three", version=TLS12)
        answer, strange = await asyncio.to_thread(ask, server.port, stranger, None)
        assert answer == b""
        assert (await asyncio.to_thread(ask, server.port, stranger, strange))[0] == b""
        put(folder / "web.yml", f"{VERIFY}  client_allowed_sans: [two]\n")
        assert (await asyncio.to_thread(ask, server.port, tls, session, False))[0] == b""

    play(folder, f"{VERIFY}  client_allowed_sans: [one]\n", story)


def test_a_certificate_of_an_uri(folder: Path, authority: Authority) -> None:
    """SPIFFE identities are URIs; trustme issues none, so openssl does."""
    authority.ca.private_key_pem.write_to_path(str(folder / "ca.key"))
    (folder / "uri.ext").write_text("subjectAltName = URI:spiffe://example.org/prometheus\n")
    for arguments in (
        ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
         "-keyout", "uri.key", "-out", "uri.csr"],
        ["x509", "-req", "-in", "uri.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "1",
         "-extfile", "uri.ext", "-out", "uri.crt"],
    ):  # fmt: skip
        subprocess.run([require("openssl"), *arguments], cwd=folder, check=True, capture_output=True)

    async def story(server: Server) -> None:
        tls = authority.client()
        tls.load_cert_chain(folder / "uri.crt", folder / "uri.key")
        assert not await server.is_refused(tls)
        put(folder / "web.yml", f"{VERIFY}  client_allowed_sans: ['spiffe://example.org/other']\n")
        assert await server.is_refused(tls)

    play(folder, f"{VERIFY}  client_allowed_sans: ['spiffe://example.org/prometheus']\n", story)
