"""Where a request of a block may go: to addresses on the public internet, and to no neighbour of this machine.

A name is looked up once, all its addresses are checked, and the connection goes to one of exactly these: a name that
means something else a moment later (DNS rebinding) changes nothing.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Lookup = Callable[[str], Awaitable[Sequence[str]]]
"""From a host name to its addresses; raises `OSError` when there are none."""

_PUBLIC_V6: Final = ipaddress.IPv6Network("2000::/3")
# What Python's `is_global` does not know in every version: private, or translated into a private address.
_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "168.63.129.16/32",  # Azure's metadata and DNS, in a public range
            "192.0.0.0/24",  # protocol assignments; Oracle's metadata
            "192.88.99.0/24",  # relays of 6to4
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "3fff::/20",
        ),
    )
)


async def system_lookup(host: str) -> Sequence[str]:
    """The addresses that this machine's resolver gives."""
    found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


async def public_addresses(host: str, lookup: Lookup) -> Sequence[str]:
    """The addresses of a host, all of them public.

    Raises:
        OSError: the host has none.
        PermissionError: one of them is not public.
    """
    try:
        found = await lookup(host)
    except OSError as error:
        raise OSError(f"{host} cannot be found: {error.strerror or error}") from error
    if not found:
        raise OSError(f"{host} has no address")
    for text in found:
        if not is_public(ipaddress.ip_address(text)):
            raise PermissionError(f"{host} has an address that is not on the public internet")
    return found


def is_public(address: Address) -> bool:
    """Whether an address belongs to a host on the internet: no loopback, private, link-local or metadata address."""
    if address.version == 6 and address not in _PUBLIC_V6:
        return False
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return not any(address.version == network.version and address in network for network in _NOT_PUBLIC)
