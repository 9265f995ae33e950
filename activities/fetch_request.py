"""What a block may ask of the network: one request, checked against the domains that its agent was given.

Everything that two readers of a URL could understand differently is refused rather than repaired.
"""

import ipaddress
import re
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from seconder.contracts.block_settings import Domain

URL_MAX_CHARACTERS: Final = 8_000
BODY_MAX_BYTES: Final = 256 * 2**10
VALUE_MAX_CHARACTERS: Final = 1_000
HEADERS: Final = frozenset({"accept", "accept-language", "content-type", "if-modified-since", "if-none-match"})
"""The headers that a block may set; what needs credentials is a tool."""

_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST"})
_URL: Final = re.compile(r"https://([^/?#]*)([/?][^#]*)?(#.*)?", re.IGNORECASE)
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*")
_VALUE: Final = re.compile(r"[\x20-\x7e]*")


@dataclass(frozen=True)
class FetchRequest:
    """A request that may be made. `target` is the path and the query; the scheme is https and the port 443."""

    method: str
    host: str
    target: str
    headers: dict[str, str]
    body: bytes | None


def checked_request(domains: Sequence[Domain], arguments: Any) -> FetchRequest:  # noqa: ANN401 - whatever a block sent
    """The request that the arguments of `fetch` describe: `url`, and perhaps `method`, `headers` and `body`.

    Raises:
        PermissionError: no domain allows it.
        ValueError: it is no request; the message says what to write instead.
    """
    if not isinstance(arguments, dict) or not arguments.keys() <= {"url", "method", "headers", "body"}:
        raise ValueError("fetch takes url, method, headers and body, and nothing else")
    method = arguments.get("method", "GET")
    if not isinstance(method, str) or method not in _METHODS:
        raise ValueError(f"the method is one of {', '.join(sorted(_METHODS))}, in upper case")
    host, target = _checked_url(arguments.get("url"))
    domain = next((domain for domain in domains if domain.host == host), None)
    if domain is None:
        allowed = ", ".join(domain.host for domain in domains) or "none"
        raise PermissionError(f"{host} is not among the hosts that this block may fetch from ({allowed})")
    if method not in domain.methods:
        raise PermissionError(f"{method} is not allowed for {host}; allowed: {', '.join(domain.methods)}")
    headers = _checked_headers(arguments.get("headers"))
    return FetchRequest(method, host, target, headers, _checked_body(arguments.get("body"), method))


def _checked_url(url: object) -> tuple[str, str]:
    if not isinstance(url, str) or len(url) > URL_MAX_CHARACTERS:
        raise ValueError(f"url is a text of at most {URL_MAX_CHARACTERS} characters")
    if not _CHARACTERS.fullmatch(url):
        raise ValueError(
            "the url has characters that do not belong into one: percent-encode them with urllib.parse.quote, "
            "and write a host in its xn-- form"
        )
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError("the url starts with https:// and a host")
    host, target = found[1].lower().removesuffix(":443"), found[2] or "/"
    if "@" in host:
        raise ValueError("the url names no user and no password")
    if ":" in host and not host.startswith("["):
        raise PermissionError("the port is 443, and need not be written")
    if _is_an_address(host):
        raise PermissionError("the url names a host, not an address")
    return host, target if target.startswith("/") else f"/{target}"


def _is_an_address(host: str) -> bool:
    with suppress(ValueError):
        ipaddress.ip_address(host.strip("[]"))
        return True
    with suppress(OSError):
        # What the C library takes for one: 127.1, 0x7f000001, 2130706433, 0177.0.0.1.
        socket.inet_aton(host)
        return True
    return host.startswith("[")


def _checked_headers(headers: object) -> dict[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, dict):
        raise ValueError("headers are a dict of texts")  # noqa: TRY004 - what the block is to see
    checked: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower() if isinstance(name, str) and name.isascii() else ""
        if lower not in HEADERS:
            raise PermissionError(
                f"the header {str(name)[:80]!r} is not allowed; allowed: {', '.join(sorted(HEADERS))}"
            )
        if lower in checked:
            raise ValueError(f"the header {lower} is there twice")
        if not isinstance(value, str) or not _VALUE.fullmatch(value) or len(value) > VALUE_MAX_CHARACTERS:
            raise ValueError(f"the header {lower} is one line of at most {VALUE_MAX_CHARACTERS} ASCII characters")
        checked[lower] = value
    return checked


def _checked_body(body: object, method: str) -> bytes | None:
    if body is None:
        return None
    if method != "POST":
        raise ValueError(f"{method} has no body")
    if not isinstance(body, str):
        raise ValueError("the body is a text; write JSON with json.dumps")  # noqa: TRY004 - what the block is to see
    try:
        encoded = body.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"the body is no valid text: {error}") from error
    if len(encoded) > BODY_MAX_BYTES:
        raise ValueError(f"the body is {len(encoded)} bytes long; {BODY_MAX_BYTES} are allowed")
    return encoded
