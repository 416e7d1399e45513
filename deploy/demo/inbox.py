"""A person with nothing but a browser signs in, sees who holds what, and accepts."""

import re

import httpx

_TOKEN = re.compile(r'name="token" value="([^"]+)"')


class Person:
    """Somebody at the desk; cookies and form tokens as a browser has them."""

    def __init__(self, desk: str):
        self._web = httpx.AsyncClient(
            base_url=desk,
            timeout=20,
            follow_redirects=True,
            trust_env=False,
            headers={"Origin": desk, "Sec-Fetch-Site": "same-origin"},
        )

    async def sign_in(self, email: str, password: str) -> bool:
        """Signs in; True where it worked."""
        form = await self._web.get("/sign-in")
        told = {"email": email, "password": password, "then": "/inbox", "token": _token(form)}
        page = await self._web.post("/sign-in", data=told)
        return page.status_code == 200 and "/sign-in" not in str(page.url)

    async def inbox(self) -> str:
        """The inbox as it stands."""
        return (await self._web.get("/inbox")).text

    async def accept(self, message_id: str) -> str:
        """Presses the button in the inbox; the page that answers."""
        page = await self._web.get("/inbox")
        row = page.text[page.text.index(f"/message/{message_id}/answer") :]
        version = re.search(r'name="version" value="(\d+)"', row)
        told = {
            "say": "accepted",
            "token": _token(page),
            "version": version[1] if version else "0",
        }
        answer = await self._web.post(f"/message/{message_id}/answer", data=told)
        return answer.text if answer.status_code == 200 else f"{answer.status_code}"

    async def leave(self) -> None:
        """Closes the browser."""
        await self._web.aclose()


def _token(page: httpx.Response) -> str:
    found = _TOKEN.search(page.text)
    return found[1] if found else ""
