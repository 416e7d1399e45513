"""What a browser would post of a page's form as it stands, without a browser."""

from html.parser import HTMLParser

import httpx

from tests.kit.desk import token


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._in = ""
        self._text = ""
        self._first: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        kind = given.get("type") or "text"
        if tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in given):
            self.found[name] = value
        elif tag in ("select", "textarea"):
            self._in, self._text = name, ""
        elif tag == "option" and self._in:
            self._first.setdefault(self._in, value)
            if "selected" in given:
                self.found[self._in] = value

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.found[self._in] = self._text.removeprefix("\n")
        if tag == "select":
            self.found.setdefault(self._in, self._first.get(self._in, ""))
        if tag in ("select", "textarea"):
            self._in = ""


def typed(page: str) -> dict[str, str]:
    """Every field of the page that has a name, and what it holds."""
    reader = _Fields()
    reader.feed(page)
    return {name: text for name, text in reader.found.items() if name != "q"}


async def pressed(
    client: httpx.AsyncClient, page: httpx.Response, where: str, **changed: str
) -> httpx.Response:
    """Presses a button of a page that stands open, after typing into it."""
    given = typed(page.text) | changed | {"token": token(page.text)}
    return await client.post(where, data=given, follow_redirects=True)
