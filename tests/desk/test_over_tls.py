"""Over TLS, ours or a proxy's, a sign-in is never sent in clear."""

from dataclasses import replace

import httpx
import pytest

from hub.desk.app import make_app
from tests.kit.desk import Sitting


@pytest.mark.parametrize(
    ("scheme", "in_front", "kept"), [("https", False, 2), ("http", True, 1), ("http", False, 0)]
)
async def test_cookies_and_addresses_stay_with_tls(
    sitting: Sitting, scheme: str, in_front: bool, kept: int
) -> None:
    settings = sitting.desk.settings.model_copy(update={"tls_in_front": in_front})
    desk = make_app(replace(sitting.desk, settings=settings))
    transport = httpx.ASGITransport(desk)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://desk") as client:
        page = await client.get("/sign-in")
    secure = "secure" in page.headers["set-cookie"].lower()
    strict = "strict-transport-security" in page.headers
    assert (secure, strict) == (kept > 0, kept > 1)
