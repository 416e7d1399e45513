"""A list of the desk is read whole, page by page, as somebody would who presses Next."""

import html
import re

import httpx

_NEXT = re.compile(r'<a class="button second" href="([^"]+)">Next<')


async def whole(web: httpx.AsyncClient, where: str) -> list[str] | httpx.Response:
    """The text of each page; the answer where one of them was none."""
    pages: list[str] = []
    next_one: str | None = where
    while next_one is not None:
        page = await web.get(next_one)
        if page.status_code != 200:
            return page
        pages.append(page.text)
        more = _NEXT.search(page.text)
        next_one = html.unescape(more[1]) if more else None
    return pages
