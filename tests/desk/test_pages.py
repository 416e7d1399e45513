"""Every page answers, within its budget, and shows nothing to those it is not for."""


import pytest

from tests.kit.desk import WHO, Sitting, text

PAGES = (
    "/",
    "/inbox",
    "/failed",
    "/calls",
    "/partners",
    "/incidents",
    "/audit?all=true",
    "/people",
)


@pytest.mark.parametrize("short", WHO)
async def test_every_room_answers_every_role(sitting: Sitting, short: str) -> None:
    async with sitting.as_(short) as client:
        for path in PAGES:
            page = await client.get(path)
            assert page.status_code in (200, 403), (path, page.status_code, text(page))
            assert len(page.content) < 100_000
            assert page.headers["content-security-policy"].startswith("default-src 'none'")
            assert " style=" not in page.text
            assert "<script>" not in page.text
