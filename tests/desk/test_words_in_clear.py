"""Who gives a reason that everybody will read is told so where they write it."""

import re

from tests.kit.desk import Sitting
from tests.kit.shown import shown

READ_BY_ALL = (
    "/delivery",
    "/failed/retry",
    "/parcel",
    "/early",
    "/stuck",
    "/redrive",
    "/incidents",
)
_FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.S)
SAYS = "no names of children"


async def test_every_such_form_says_it(sitting: Sitting) -> None:
    asked: dict[str, bool] = {}
    pages = shown(sitting.bench)
    for short in ("service", "operations"):
        async with sitting.as_(short) as client:
            for path in {*pages["manager"].values(), *pages["operations"].values()}:
                for action, form in _FORM.findall((await client.get(path)).text):
                    if 'name="reason"' in form and action.startswith(READ_BY_ALL):
                        place = re.sub(r"/[0-9a-f-]{36}|/[^/]{37,}", "", action)
                        asked[place] = asked.get(place, True) and SAYS in form
    assert asked == dict.fromkeys(asked, True)
    assert {"/delivery/abandon", "/delivery/retry", "/failed/retry", "/parcel/close"} <= set(asked)
