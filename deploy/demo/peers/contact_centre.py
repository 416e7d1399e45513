"""A contact centre leaves its export in a folder, whole, in Windows-1252, and looks what became of it.

`python -m deploy.demo.peers.contact_centre BOOKS FOLDER`
"""

import asyncio
import csv
import io
import sys
from pathlib import Path
from typing import Any

from deploy.demo.peers.children import CHILDREN
from deploy.demo.peers.peer import Books, obey

HEAD = (
    "Call ID", "Date", "Time", "Agent ID", "Caller type", "Caller name", "Caller role",
    "Caller organisation", "Caller e-mail", "ANI", "Source", "Child name", "Date of birth",
    "Gender", "NHS number", "Address", "Interpreter required", "Note", "Immediate danger",
    "Parents aware", "Action",
)  # fmt: skip


def row(call: str, at: str, who: str, note: str, born: str | None = None) -> list[str]:
    """One child of one call; the caller is the school's safeguarding lead."""
    child = CHILDREN[who]
    year, month, day = child["born"].split("-")
    return [
        call, _day(at), at[11:16], "A71", "Prof", "Briony Castellane",
        "Designated safeguarding lead", "Millrace Primary School",
        "safeguarding@millrace.example.org", "0113 496 0217", "School",
        f"{child['given']} {child['family']}", born or f"{day}/{month}/{year}",
        {"1": "M", "2": "F"}[child["sex"]], child["nhs"],
        f"{child['street']}, Leeds {child['postcode']}", "No", note, "No", "No", "passed",
    ]  # fmt: skip


def anonymous(call: str, at: str) -> list[str]:
    """A caller who did not say who they are, about a child they cannot name."""
    return [
        call, _day(at), at[11:16], "A12", "Anon", "", "", "", "", "07700 900318",
        "Member of public", "Not known", "Not known", "", "",
        "Flat above the launderette, Tannery Steps, Leeds", "Not known",
        "Child heard crying for about an hour, £20 note pushed under the door", "Not known", "",
        "passed",
    ]  # fmt: skip


def _day(at: str) -> str:
    return f"{at[8:10]}/{at[5:7]}/{at[:4]}"


async def main(books: Books, folder: Path) -> None:
    """Serves the story."""

    async def export(order: dict[str, Any]) -> dict[str, Any]:
        """Writes the rows and renames the file in; waits until it was taken."""
        rows = []
        for one in order["rows"]:
            if one.get("anonymous"):
                rows.append(anonymous(one["call"], order["at"]))
            else:
                rows.append(
                    row(one["call"], order["at"], one["child"], one["note"], one.get("born"))
                )
        text = io.StringIO()
        csv.writer(text).writerows([HEAD, *rows])
        before = _done(folder)
        half = folder / f".{order['file']}.part"
        half.write_bytes(text.getvalue().encode("windows-1252"))
        half.rename(folder / order["file"])
        for _ in range(200):
            await asyncio.sleep(0.1)
            if _done(folder) > before:
                break
        else:
            books.sent(order["file"], "export", "not taken")
            return {"taken": False}
        for call in sorted({one["call"] for one in order["rows"]}):
            books.sent(call, "row", "taken", order["file"])
        books.sent(order["file"], "export", "taken")
        return {"taken": True, "rows": len(rows)}

    await obey({"export": export}, {})


def _done(folder: Path) -> int:
    done = folder / "done"
    return len(list(done.iterdir())) if done.is_dir() else 0


if __name__ == "__main__":
    asyncio.run(main(Books(Path(sys.argv[1])), Path(sys.argv[2])))
