"""A partner's address leads to the partner: never, by a name it controls, into our own network."""

import asyncio
import ipaddress
import socket

from connectors.base import Refused, TryAgain

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_METADATA = {
    ipaddress.ip_address(each) for each in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192")
}
"""Where machines of some clouds ask for their own secrets, beside the link-local 169.254.169.254."""


async def resolve(host: str, port: int, allow_private: bool) -> list[str]:
    """Every address of a host, in the resolver's order; one forbidden address forbids the host.

    The caller connects to what it gets here and does not ask the resolver again. Raises `Refused`
    for a forbidden address and `TryAgain` where the name cannot be resolved now.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TryAgain(f"cannot resolve {host}", connection=True) from error
    addresses = list(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for address in addresses:
        if (reason := forbidden(address, allow_private)) is not None:
            raise Refused(f"{host} leads to {address}, {reason}", code="address")
    return addresses


def forbidden(address: str, allow_private: bool) -> str | None:
    """Why an address may not be called; None where it may."""
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        holds = ip in _NAT64 or (ip in _COMPATIBLE and int(ip) > 1)
        within = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if holds else None
        ip = ip.ipv4_mapped or ip.sixtofour or within or ip
    if ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip in _METADATA:
        return "which no partner can have"
    if ip.is_global or allow_private:
        return None
    return "a private address (`allow_private: true` permits it)"


def on_this_machine(host: str) -> bool:
    """Whether what listens there, or is called there, is out of reach of every other machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
