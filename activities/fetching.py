"""The built-in `fetch` of blocks: the code worker asks for them, and brings nothing of its own into the request.

No cookie, credential, proxy or `.netrc` of this machine takes part, no redirect is followed, and what comes back is
bounded in time and size. aiohttp makes the request, because it lets the connection be pinned to checked addresses while
the name stays in TLS and in the Host header.
"""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from pydantic import JsonValue
from yarl import URL

from activities.fetch_addresses import Lookup, public_addresses, system_lookup
from activities.fetch_body import read_body
from activities.fetch_request import FetchRequest, checked_request
from sandbox.protocol import Answer, FailedAnswer, RefusedAnswer, ValueAnswer
from seconder.contracts.block_settings import Domain

type Route = Callable[[str], tuple[str, int]]
"""From a checked address to where the connection really goes."""

_PORT: Final = 443
_LINE_MAX_BYTES: Final = 8_000
_HEADERS_MAX: Final = 100
_HEADERS_MAX_BYTES: Final = 32 * 2**10
# Encodings that are decoded without surprises; any other text comes as base64.
_CHARSETS: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "latin-1", "windows-1252"})


@dataclass(frozen=True)
class FetchLimits:
    """Seconds for a request from the look-up to the last byte, and bytes of a body after decompression."""

    seconds: float = 20.0
    body_bytes: int = 512 * 2**10


class Fetcher:
    """Makes the requests of blocks.

    `lookup`, `route` and `tls` are for tests, whose servers are on loopback: the checks hold there too, and the
    connection to a checked address then goes elsewhere.
    """

    def __init__(
        self,
        limits: FetchLimits = FetchLimits(),
        *,
        lookup: Lookup = system_lookup,
        route: Route = lambda address: (address, _PORT),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._limits = limits
        self._lookup = lookup
        self._route = route
        self._tls = tls or ssl.create_default_context()

    async def answer(self, domains: Sequence[Domain], arguments: JsonValue) -> Answer:
        """The answer to a block's call of `fetch`; what goes wrong is an answer too."""
        try:
            return ValueAnswer(value=await self.fetch(domains, arguments))
        except PermissionError as error:
            return RefusedAnswer(reason=str(error))
        except (TimeoutError, ValueError) as error:
            return FailedAnswer(type=type(error).__name__, message=str(error))
        except OSError as error:
            return FailedAnswer(type="OSError", message=str(error))

    async def fetch(self, domains: Sequence[Domain], arguments: JsonValue) -> JsonValue:
        """Make one request: `{url, method="GET", headers={}, body=None}`.

        Returns:
            `{status, headers, body}`, the headers by their names in lower case. A body that is no text is given in
            base64, and `base64` is then true. A redirect is a result like any other.

        Raises:
            PermissionError: none of the domains allows it, or the host is no public one.
            ValueError: it is no request, or its answer is larger than the limit.
            TimeoutError: it took too long.
            OSError: the network or the server failed.
        """
        request = checked_request(domains, arguments)
        try:
            async with asyncio.timeout(self._limits.seconds):
                addresses = await public_addresses(request.host, self._lookup)
                async with self._response(request, addresses) as response:
                    body = await read_body(response, self._limits.body_bytes)
        except TimeoutError as error:
            raise TimeoutError(f"{request.host} did not answer within {self._limits.seconds:g} s") from error
        except aiohttp.ClientError as error:
            raise OSError(f"{request.host} could not be asked: {_words(error)}") from error
        return {"status": response.status, "headers": _headers(response), **_readable(body, response.charset)}

    @asynccontextmanager
    async def _response(self, request: FetchRequest, addresses: Sequence[str]) -> AsyncIterator[aiohttp.ClientResponse]:
        # A session for each request: nothing of one block's connections is there for the next one.
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(request.host, [self._route(address) for address in addresses]),
            use_dns_cache=False,
            force_close=True,
            ssl=self._tls,
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=None),
                max_line_size=_LINE_MAX_BYTES,
                max_field_size=_LINE_MAX_BYTES,
                max_headers=_HEADERS_MAX,
            ) as session,
            session.request(
                request.method,
                URL(f"https://{request.host}{request.target}", encoded=True),
                headers={"user-agent": "seconder", "accept": "*/*", "accept-encoding": "identity"} | request.headers,
                data=request.body,
                skip_auto_headers=("Content-Type",),
                allow_redirects=False,
            ) as response,
        ):
            yield response


class _Pinned(AbstractResolver):
    def __init__(self, host: str, places: Sequence[tuple[str, int]]) -> None:
        self._host = host
        self._places = places

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        if host != self._host:
            raise OSError(f"{host} was not looked up")
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address, port in self._places
        ]

    async def close(self) -> None:
        pass


def _headers(response: aiohttp.ClientResponse) -> dict[str, JsonValue]:
    if sum(len(name) + len(value) for name, value in response.raw_headers) > _HEADERS_MAX_BYTES:
        raise ValueError(f"the headers of the answer have more than {_HEADERS_MAX_BYTES} bytes")
    names = dict.fromkeys(name.lower() for name in response.headers)
    return {_text(name): ", ".join(map(_text, response.headers.getall(name))) for name in names}


def _text(value: str) -> str:
    # aiohttp keeps bytes that are no UTF-8 as surrogates, which no JSON may hold.
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _readable(body: bytes, charset: str | None) -> dict[str, JsonValue]:
    named = (charset or "utf-8").lower()
    if named in _CHARSETS:
        try:
            return {"body": body.decode(named)}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "base64": True}


def _words(error: aiohttp.ClientError) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
