"""`fetch` for blocks against a real HTTPS server on loopback: what is refused, what is bounded, and what comes back."""

import asyncio
import base64
import gzip
import json
import re
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import trustme

from activities.fetch_addresses import is_public, public_addresses, system_lookup
from activities.fetching import Fetcher, FetchLimits
from sandbox.protocol import FailedAnswer, RefusedAnswer, ValueAnswer
from seconder.contracts.block_settings import Domain

HOST = "api.example.com"
PUBLIC = "93.184.216.34"
PUBLIC_V6 = "2606:2800:220:1:248:1893:25c8:1946"
DOMAINS = (
    Domain(host=HOST, methods=("GET", "HEAD", "POST")),
    Domain(host="readonly.example.com"),
    Domain(host="0x7f000001"),
    Domain(host="localhost"),
)
LIMITS = FetchLimits(seconds=5, body_bytes=100_000)

type Respond = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes = b"", *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@dataclass
class Server:
    """An HTTPS server that sends what a test wrote, byte for byte, and remembers what it was sent."""

    port: int = 0
    responses: dict[str, bytes | Respond] = field(default_factory=dict)
    heads: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    connections: int = 0
    open: list[asyncio.Task[None]] = field(default_factory=list)

    def accept(self, tasks: asyncio.TaskGroup) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        """Serve each connection in a task of its own."""
        return lambda reader, writer: self.open.append(tasks.create_task(self.serve(reader, writer)))

    def stop(self) -> None:
        """Let no connection outlive the test."""
        for task in self.open:
            task.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            length = re.search(r"(?i)^content-length: (\d+)", head, re.MULTILINE)
            self.bodies.append(await reader.readexactly(int(length[1])) if length else b"")
            response = self.responses[head.split(" ")[1]]
            if isinstance(response, bytes):
                writer.write(response)
                await writer.drain()
            else:
                await response(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority of this module's own."""
    return trustme.CA()


@asynccontextmanager
async def serving(authority: trustme.CA, *names: str) -> AsyncIterator[Server]:
    found = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    context.sni_callback = lambda _socket, name, _context: found.names.append(name)
    async with asyncio.TaskGroup() as tasks:
        listening = await asyncio.start_server(found.accept(tasks), "127.0.0.1", 0, ssl=context)
        found.port = listening.sockets[0].getsockname()[1]
        yield found
        listening.close()
        found.stop()


@pytest.fixture
async def server(authority: trustme.CA) -> AsyncIterator[Server]:
    """A server with a certificate for the host that tests fetch from."""
    async with serving(authority, HOST, "readonly.example.com") as found:
        yield found


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@dataclass
class Names:
    """A name server: each look-up takes the next list of addresses; the last one stays."""

    answers: list[Sequence[str]] = field(default_factory=lambda: [[PUBLIC]])
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str) -> Sequence[str]:
        """The next answer."""
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@dataclass
class Desk:
    """A fetcher whose connections to checked addresses end at the server."""

    server: Server
    names: Names
    fetcher: Fetcher
    routed: list[str]

    async def fetch(self, path: str = "/", **arguments: Any) -> Any:
        """Fetch from the host."""
        return await self.fetcher.fetch(DOMAINS, {"url": f"https://{HOST}{path}", **arguments})


@pytest.fixture
def desk(server: Server, authority: trustme.CA) -> Desk:
    """A fetcher as the code worker has it, but for where its connections end."""
    names, routed = Names(), list[str]()

    def route(address: str) -> tuple[str, int]:
        routed.append(address)
        return "127.0.0.1", server.port

    return Desk(server, names, Fetcher(LIMITS, lookup=names, route=route, tls=trusting(authority)), routed)


async def test_a_page_comes_back_as_plain_json(desk: Desk) -> None:
    """Status, headers by lower-case names, and the text."""
    body = json.dumps({"rate": "1.09", "name": "Zürich"}, ensure_ascii=False).encode()
    desk.server.responses["/rates?base=EUR&q=%C3%A9"] = answer(
        body, "Content-Type: application/json", "X-Twice: a", "x-twice: b"
    )
    found = await desk.fetch("/rates?base=EUR&q=%C3%A9#part")
    assert found["status"] == 200
    assert json.loads(found["body"])["name"] == "Zürich"
    assert found["headers"]["x-twice"] == "a, b"
    assert found == json.loads(json.dumps(found))


async def test_the_connection_is_pinned_and_the_name_stays(desk: Desk) -> None:
    """The connection goes to the checked address; TLS and the Host header carry the name."""
    desk.server.responses["/"] = answer(b"hello")
    assert (await desk.fetch("/"))["body"] == "hello"
    assert (desk.names.asked, desk.routed, desk.server.names) == ([HOST], [PUBLIC], [HOST])
    assert f"\r\nHost: {HOST}\r\n" in desk.server.heads[0]


async def test_a_name_that_changes_its_meaning_changes_nothing(desk: Desk) -> None:
    """DNS rebinding: the second answer, a private address, is never asked for, and refused when it is."""
    desk.server.responses["/"] = answer(b"hello")
    desk.names.answers = [[PUBLIC], ["127.0.0.1"]]
    assert (await desk.fetch("/"))["status"] == 200
    with pytest.raises(PermissionError, match="not on the public internet"):
        await desk.fetch("/")
    assert (desk.routed, desk.server.connections) == ([PUBLIC], 1)


async def test_nothing_of_this_machine_goes_along(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Proxies and credentials of the environment are not used; cookies are not kept; no header is added beyond four."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text(f"machine {HOST} login user password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    desk.server.responses["/"] = answer(b"", "Set-Cookie: session=1; Secure", "Connection: keep-alive")
    await desk.fetch("/")
    await desk.fetch("/", headers={"Accept-Language": "de"})
    sent = [{line.partition(":")[0].lower() for line in head.split("\r\n")[1:] if line} for head in desk.server.heads]
    usual = {"host", "user-agent", "accept", "accept-encoding", "connection"}
    assert sent[0] <= usual
    assert sent[1] <= usual | {"accept-language"}
    assert desk.server.connections == 2


@pytest.mark.parametrize("location", ["https://evil.example.com/", "http://169.254.169.254/latest/", "/elsewhere"])
async def test_a_redirect_is_a_result(desk: Desk, location: str) -> None:
    """Whoever follows one makes a request of its own, which is checked like the first."""
    desk.server.responses["/"] = answer(b"", f"Location: {location}", status="302 Found")
    found = await desk.fetch("/")
    assert (found["status"], found["headers"]["location"]) == (302, location)
    assert (desk.names.asked, desk.server.connections) == ([HOST], 1)


async def test_a_query_may_be_posted(desk: Desk) -> None:
    """A body goes out as it is, with the type that the block gave."""
    desk.server.responses["/search"] = answer(b"[]")
    body = '{"q": "Zürich"}'
    await desk.fetch("/search", method="POST", body=body, headers={"Content-Type": "application/json"})
    assert desk.server.bodies == [body.encode()]
    assert re.search(r"(?i)\r\ncontent-type: application/json\r\n", desk.server.heads[0])


async def test_a_head_has_no_body(desk: Desk) -> None:
    """`HEAD` gives the headers alone, with the length that they claim."""
    desk.server.responses["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\nContent-Encoding: gzip\r\n\r\n"
    found = await desk.fetch("/", method="HEAD")
    assert (found["body"], found["headers"]["content-length"]) == ("", "999999999")


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (b"caf\xc3\xa9", "text/plain", "café"),
        (b"caf\xe9", "text/plain; charset=ISO-8859-1", "café"),
        (b"caf\xe9", "text/plain", None),
        (b"\x89PNG\r\n", "image/png", None),
        (b"+AGE-", "text/plain; charset=utf-7", None),
        (b"78da", "text/plain; charset=hex_codec", None),
        (b"x" * 50, "text/plain; charset=punycode", None),
    ],
)
async def test_what_is_no_text_comes_in_base64(desk: Desk, body: bytes, kind: str, text: str | None) -> None:
    """No byte is lost, and no codec that a server chose does anything but decode text."""
    desk.server.responses["/"] = answer(body, f"Content-Type: {kind}")
    found = await desk.fetch("/")
    if text is None:
        assert found["base64"] is True
        assert base64.b64decode(found["body"]) == body
    else:
        assert (found["body"], "base64" in found) == (text, False)


async def test_headers_that_are_no_text_are_made_one(desk: Desk) -> None:
    """What comes back is always JSON."""
    desk.server.responses["/"] = answer(b"", "X-Odd: caf\xe9")
    assert (await desk.fetch("/"))["headers"]["x-odd"] == "caf\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize(
    ("coding", "pack"), [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress)]
)
async def test_compressed_bodies_are_read(desk: Desk, coding: str, pack: Callable[[bytes], bytes]) -> None:
    """Some servers compress without being asked."""
    desk.server.responses["/"] = answer(pack(b"hello" * 1000), f"Content-Encoding: {coding}")
    assert (await desk.fetch("/"))["body"] == "hello" * 1000


async def _endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        await writer.drain()


# `mtime`: the names of tests must not differ between two processes.
BOMB = gzip.compress(b"\0" * 50_000_000, mtime=0)


@pytest.mark.parametrize(
    ("response", "error", "said"),
    [
        (answer(b"x" * 100_001), ValueError, "more than 100000 bytes"),
        (_endless, ValueError, "more than 100000 bytes"),
        (answer(BOMB, "Content-Encoding: gzip"), ValueError, "more than 100000 bytes"),
        (answer(gzip.compress(BOMB, mtime=0), "Content-Encoding: gzip, gzip"), OSError, "not asked for"),
        (answer(b"x", "Content-Encoding: br"), OSError, "not asked for"),
        (answer(b"no gzip", "Content-Encoding: gzip"), OSError, "cannot be decompressed"),
        (answer(gzip.compress(b"x" * 999, mtime=0)[:-9], "Content-Encoding: gzip"), OSError, "cut off"),
        (answer(gzip.compress(b"x", mtime=0) * 2, "Content-Encoding: gzip"), OSError, "something follows"),
        (answer(b"", "X-Long: " + "x" * 9_000), OSError, "could not be asked"),
        (answer(b"", *(f"X-{n}: x" for n in range(200))), OSError, "could not be asked"),
        (answer(b"", *(f"X-{n}: {'x' * 7_000}" for n in range(9))), ValueError, "headers of the answer"),
        (b"HTTP/1.1 200 " + b"x" * 9_000 + b"\r\n\r\n", OSError, "could not be asked"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", OSError, "could not be asked"),
        (b"", OSError, "could not be asked"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", OSError, "could not be asked"),
    ],
)
async def test_answers_are_bounded_and_checked(
    desk: Desk, response: bytes | Respond, error: type[Exception], said: str
) -> None:
    """A server cannot fill the worker's memory or the session's history, nor pass off half an answer as one."""
    desk.server.responses["/"] = response
    with pytest.raises(error, match=said) as raised:
        await desk.fetch("/")
    assert type(raised.value) is error


async def test_a_bomb_takes_no_memory(desk: Desk) -> None:
    """What is beyond the limit is not even decompressed."""
    desk.server.responses["/"] = answer(BOMB, "Content-Encoding: gzip")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="more than"):
            await desk.fetch("/")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


async def _silent(_writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drop_by_drop(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("respond", [_silent, _drop_by_drop])
async def test_slow_servers_are_given_up(desk: Desk, authority: trustme.CA, respond: Respond) -> None:
    """The time counts from the look-up to the last byte, however often something arrives."""
    desk.server.responses["/"] = respond
    hasty = Fetcher(
        FetchLimits(seconds=0.3),
        lookup=desk.names,
        route=lambda _: ("127.0.0.1", desk.server.port),
        tls=trusting(authority),
    )
    with pytest.raises(TimeoutError, match=r"within 0\.3 s"):
        await hasty.fetch(DOMAINS, {"url": f"https://{HOST}/"})


async def test_a_slow_name_server_is_given_up() -> None:
    """Looking up counts too."""

    async def never(_host: str) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    with pytest.raises(TimeoutError):
        await Fetcher(FetchLimits(seconds=0.1), lookup=never).fetch(DOMAINS, {"url": f"https://{HOST}/"})


async def test_another_hosts_certificate_is_refused(desk: Desk, authority: trustme.CA) -> None:
    """Whoever sits at the address must be the host; and the authorities are this machine's unless a test says so."""
    async with serving(authority, "evil.example.com") as evil:
        for tls in (trusting(authority), None):
            fetcher = Fetcher(LIMITS, lookup=desk.names, route=lambda _: ("127.0.0.1", evil.port), tls=tls)
            with pytest.raises(OSError, match="certificate verify failed"):
                await fetcher.fetch(DOMAINS, {"url": f"https://{HOST}/"})
        assert not evil.heads


REFUSED: list[tuple[Any, type[Exception], str]] = [
    ({"url": "https://evil.example.com/"}, PermissionError, "not among"),
    ({"url": "https://example.com/"}, PermissionError, "not among"),
    ({"url": f"https://sub.{HOST}/"}, PermissionError, "not among"),
    ({"url": f"https://{HOST}.evil.com/"}, PermissionError, "not among"),
    ({"url": f"https://{HOST}./"}, PermissionError, "not among"),
    ({"url": f"https://{HOST}%2eevil.com/"}, PermissionError, "not among"),
    ({"url": f"https://evil.com%23{HOST}/"}, PermissionError, "not among"),
    ({"url": f"https://{HOST}:8443/"}, PermissionError, "port is 443"),
    ({"url": f"https://{HOST}:0443/"}, PermissionError, "port is 443"),
    ({"url": f"https://{HOST}:/"}, PermissionError, "port is 443"),
    ({"url": f"https://{HOST}:443:443/"}, PermissionError, "port is 443"),
    ({"url": "https://127.0.0.1/"}, PermissionError, "not an address"),
    ({"url": "https://93.184.216.34/"}, PermissionError, "not an address"),
    ({"url": "https://[::1]/"}, PermissionError, "not an address"),
    ({"url": "https://[::ffff:127.0.0.1]/"}, PermissionError, "not an address"),
    ({"url": "https://[v1.x]/"}, PermissionError, "not an address"),
    ({"url": "https://0x7f000001/"}, PermissionError, "not an address"),
    ({"url": "https://127.1/"}, PermissionError, "not an address"),
    ({"url": "https://2130706433/"}, PermissionError, "not an address"),
    ({"url": "https://0177.0.0.1/"}, PermissionError, "not an address"),
    ({"url": f"http://{HOST}/"}, ValueError, "https://"),
    ({"url": f"ftp://{HOST}/"}, ValueError, "https://"),
    ({"url": "file:///etc/passwd"}, ValueError, "https://"),
    ({"url": f"//{HOST}/"}, ValueError, "https://"),
    ({"url": f"https:/{HOST}/"}, ValueError, "https://"),
    ({"url": f"https:{HOST}/"}, ValueError, "https://"),
    ({"url": "https:///etc/passwd"}, PermissionError, "not among"),
    ({"url": f"https://user:password@{HOST}/"}, ValueError, "no user"),
    ({"url": f"https://{HOST}@evil.example.com/"}, ValueError, "no user"),
    ({"url": f"https://evil.example.com#@{HOST}/"}, PermissionError, "not among"),
    ({"url": f"https://evil.example.com?@{HOST}/"}, PermissionError, "not among"),
    ({"url": f"https://evil.example.com\\@{HOST}/"}, ValueError, "characters"),
    ({"url": f"https://{HOST}\\.evil.example.com/"}, ValueError, "characters"),
    ({"url": f"https://{HOST}/\r\nX-Injected: 1"}, ValueError, "characters"),
    ({"url": f"https://{HOST}/ HTTP/1.1"}, ValueError, "characters"),
    ({"url": f"ht\ttps://{HOST}/"}, ValueError, "characters"),
    ({"url": f"https://{HOST[:3]}\n{HOST[3:]}/"}, ValueError, "characters"),
    ({"url": f"https://{HOST}/\0"}, ValueError, "characters"),
    ({"url": f" https://{HOST}/"}, ValueError, "characters"),
    ({"url": "https://api\N{IDEOGRAPHIC FULL STOP}example.com/"}, ValueError, "xn--"),
    ({"url": "https://\N{FULLWIDTH LATIN SMALL LETTER A}pi.example.com/"}, ValueError, "xn--"),
    ({"url": "https://\N{CYRILLIC SMALL LETTER A}pi.example.com/"}, ValueError, "xn--"),
    ({"url": f"https://{HOST}/caf\N{LATIN SMALL LETTER E WITH ACUTE}"}, ValueError, "percent-encode"),
    ({"url": f"https://{HOST}/" + "x" * 8_000}, ValueError, "at most"),
    ({"url": None}, ValueError, "a text"),
    ({"url": [f"https://{HOST}/"]}, ValueError, "a text"),
    ({}, ValueError, "a text"),
    ([], ValueError, "fetch takes"),
    ("https://api.example.com/", ValueError, "fetch takes"),
    ({"url": f"https://{HOST}/", "proxy": "http://x"}, ValueError, "fetch takes"),
    ({"url": f"https://{HOST}/", "method": "OPTIONS"}, PermissionError, "OPTIONS is not allowed"),
    ({"url": "https://readonly.example.com/", "method": "POST"}, PermissionError, "POST is not allowed"),
    ({"url": f"https://{HOST}/", "method": "get"}, ValueError, "upper case"),
    ({"url": f"https://{HOST}/", "method": "DELETE"}, ValueError, "one of"),
    ({"url": f"https://{HOST}/", "method": "GET / HTTP/1.1\r\nX: "}, ValueError, "one of"),
    ({"url": f"https://{HOST}/", "method": "PO\N{LATIN SMALL LETTER LONG S}T"}, ValueError, "one of"),
    ({"url": f"https://{HOST}/", "method": ["GET"]}, ValueError, "one of"),
    ({"url": f"https://{HOST}/", "headers": {"Authorization": "Bearer x"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"Cookie": "a=b"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"Host": "evil.example.com"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"Transfer-Encoding": "chunked"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"X-HTTP-Method-Override": "DELETE"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"accept\r\nx": "a"}}, PermissionError, "not allowed"),
    ({"url": f"https://{HOST}/", "headers": {"Accept": "a\r\nX-Injected: 1"}}, ValueError, "one line"),
    ({"url": f"https://{HOST}/", "headers": {"Accept": "a" * 1001}}, ValueError, "one line"),
    ({"url": f"https://{HOST}/", "headers": {"Accept": 1}}, ValueError, "one line"),
    ({"url": f"https://{HOST}/", "headers": {"Accept": "a", "accept": "b"}}, ValueError, "twice"),
    ({"url": f"https://{HOST}/", "headers": [["Accept", "a"]]}, ValueError, "a dict"),
    ({"url": f"https://{HOST}/", "body": "x"}, ValueError, "GET has no body"),
    ({"url": f"https://{HOST}/", "method": "POST", "body": {"a": 1}}, ValueError, "json.dumps"),
    ({"url": f"https://{HOST}/", "method": "POST", "body": "x" * 300_000}, ValueError, "are allowed"),
    ({"url": f"https://{HOST}/", "method": "POST", "body": "\ud800"}, ValueError, "no valid text"),
]


@pytest.mark.parametrize(("arguments", "error", "said"), REFUSED, ids=[str(number) for number in range(len(REFUSED))])
async def test_refused_before_anything_is_sent(desk: Desk, arguments: Any, error: type[Exception], said: str) -> None:
    """Neither the name server nor any other hears of a request that is not allowed."""
    with pytest.raises(error, match=re.escape(said)) as raised:
        await desk.fetcher.fetch(DOMAINS, arguments)
    assert type(raised.value) is error
    assert not desk.names.asked
    assert not desk.server.connections


@pytest.mark.parametrize(
    "url", [f"HTTPS://{HOST.upper()}/", f"https://{HOST}:443/", f"https://{HOST}/", f"https://{HOST}"]
)
async def test_what_means_the_same_is_the_same(desk: Desk, url: str) -> None:
    """Case and the usual port make no difference to a host."""
    desk.server.responses["/"] = answer(b"hello")
    found = await desk.fetcher.fetch(DOMAINS, {"url": url})
    assert isinstance(found, dict)
    assert found["body"] == "hello"
    assert f"\r\nHost: {HOST}\r\n" in desk.server.heads[0]


async def test_no_domains_allow_nothing(desk: Desk) -> None:
    """An agent without domains has no network."""
    with pytest.raises(PermissionError, match=r"\(none\)"):
        await desk.fetcher.fetch((), {"url": f"https://{HOST}/"})


@pytest.mark.parametrize(
    "addresses",
    [
        *(
            [address]
            for address in (
                *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),  # noqa: S104
                *("100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1"),
                *("203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
                *("::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "fe80::1", "fe80::1%eth0"),
                *("fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::"),
                *("2001::1", "2001:db8::1", "3fff::1", "100::1"),
            )
        ),
        [PUBLIC, "127.0.0.1"],
        [PUBLIC_V6, "::1"],
    ],
    ids=",".join,
)
async def test_no_connection_goes_to_a_neighbour(desk: Desk, addresses: list[str]) -> None:
    """Loopback, private, link-local, translated and metadata addresses are refused, among public ones too."""
    desk.names.answers = [addresses]
    with pytest.raises(PermissionError, match="not on the public internet"):
        await desk.fetch("/")
    assert not desk.server.connections


async def test_this_machine_is_refused_by_its_own_resolver() -> None:
    """As the code worker has it, without anything of a test: `localhost` is found, and is no public host."""
    assert await system_lookup("localhost")
    with pytest.raises(PermissionError, match="not on the public internet"):
        await Fetcher().fetch(DOMAINS, {"url": "https://localhost/"})


def test_public_addresses_are_public() -> None:
    """The rule is about neighbours, not about everybody."""
    import ipaddress

    for address in (PUBLIC, PUBLIC_V6, "8.8.8.8", "1.1.1.1", "2001:4860:4860::8888", "2a00:1450:4001:800::200e"):
        assert is_public(ipaddress.ip_address(address)), address


@pytest.mark.parametrize("failure", [socket.gaierror(socket.EAI_NONAME, "Name or service not known"), None])
async def test_a_host_that_is_not_found_is_a_failure_of_the_network(failure: OSError | None) -> None:
    """The error names the host."""

    async def lookup(_host: str) -> Sequence[str]:
        if failure:
            raise failure
        return []

    with pytest.raises(OSError, match=HOST) as raised:
        await public_addresses(HOST, lookup)
    assert type(raised.value) is OSError


async def test_a_server_that_is_down_is_a_failure_of_the_network(desk: Desk) -> None:
    """The error names the host, not where its connection was sent."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        fetcher = Fetcher(LIMITS, lookup=desk.names, route=lambda _: ("127.0.0.1", port))
        with pytest.raises(OSError, match=f"{HOST} could not be asked"):
            await fetcher.fetch(DOMAINS, {"url": f"https://{HOST}/"})


async def test_blocks_get_errors_as_answers(desk: Desk) -> None:
    """Nothing that goes wrong with a request ends the block's activity."""
    desk.server.responses |= {"/": answer(b"hello"), "/none": b""}
    url = f"https://{HOST}"
    found = await desk.fetcher.answer(DOMAINS, {"url": f"{url}/"})
    assert isinstance(found, ValueAnswer)
    refused = await desk.fetcher.answer(DOMAINS, {"url": "https://evil.example.com/"})
    assert isinstance(refused, RefusedAnswer)
    failed = [await desk.fetcher.answer(DOMAINS, {"url": each}) for each in ("nonsense", f"{url}/none")]
    assert [each.type for each in failed if isinstance(each, FailedAnswer)] == ["ValueError", "OSError"]
