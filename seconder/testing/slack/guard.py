"""Keeps the local Slack to this machine: which address it binds to, and whose requests it answers."""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from seconder.errors import ConfigurationError

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def loopback_host(host: str) -> str:
    """The host, which must be this machine's loopback: whoever reaches the local Slack can act as anybody."""
    if not is_loopback(host):
        raise ConfigurationError(
            f"the local Slack listens on loopback only, not on {host!r}; use 127.0.0.1, ::1 or localhost"
        )
    return host


@web.middleware
async def loopback_only(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Refuse what a web page of another site could send.

    A name that an attacker points at 127.0.0.1 (DNS rebinding) shows in `Host`; a request from another site's page
    shows in `Origin`. Programs send no `Origin`.
    """
    if not is_loopback(_host_of(f"//{request.host}")):
        return web.Response(status=403, text="this server answers to loopback names only")
    origin = request.headers.get("Origin")
    if origin is not None and origin != f"{request.scheme}://{request.host}":
        return web.Response(status=403, text="requests from other origins are refused")
    return await handler(request)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Headers under which the page loads and runs nothing but its own files."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


def _host_of(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether the name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
