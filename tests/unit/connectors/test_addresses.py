"""No spelling of an address inside our network is taken for one outside it."""

import asyncio

import pytest

from connectors.addresses import forbidden, resolve
from connectors.base import Refused, TryAgain


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "::127.0.0.1",
    ],
)
def test_private_ones_need_permission(address: str) -> None:
    assert forbidden(address, allow_private=False)
    assert forbidden(address, allow_private=True) is None


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "fd00:ec2::254",
        "100.100.100.200",
        "fe80::1",
        "0.0.0.0",
        "::",
        "224.0.0.1",
    ],
)
def test_some_belong_to_no_partner_at_all(address: str) -> None:
    assert forbidden(address, allow_private=True)


@pytest.mark.parametrize("address", ["81.2.69.142", "2a00:1450:4009::1"])
def test_public_ones_may_be_called(address: str) -> None:
    assert forbidden(address, allow_private=False) is None


async def test_one_forbidden_address_forbids_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    async def both(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", ("81.2.69.142", 443)), (0, 0, 0, "", ("10.0.0.1", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", both)
    with pytest.raises(Refused, match=r"10\.0\.0\.1"):
        await resolve("partner.example.org", 443, allow_private=False)
    assert await resolve("partner.example.org", 443, allow_private=True) == [
        "81.2.69.142",
        "10.0.0.1",
    ]


async def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    with pytest.raises(TryAgain) as caught:
        await resolve("partner.invalid", 443, allow_private=False)
    assert caught.value.connection
