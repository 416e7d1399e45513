"""A hospital tells of each attendance over HL7 v2 and MLLP, and keeps each acknowledgement it got.

`python -m deploy.demo.peers.hospital BOOKS HUB_PORT`
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import hl7
from hl7.mllp import MLLPStreamReader, MLLPStreamWriter, open_hl7_connection

from deploy.demo.peers.children import CHILDREN, passer_by
from deploy.demo.peers.peer import Books, obey

_STRUCTURE = {"A01": "ADT_A01", "A03": "ADT_A03", "A04": "ADT_A01"}


def adt(trigger: str, control: str, at: str, child: dict[str, Any], visit: str) -> str:
    """An ADT message as our patient administration writes it (HL7 v2.4, ITK profile)."""
    minute = at[:16].replace("-", "").replace("T", "").replace(":", "")
    family, given = child["family"].upper(), child["given"].upper()
    born = child["born"].replace("-", "")
    return "\r".join(
        (
            (
                f"MSH|^~\\&|PAS|X26H1|ROUTE|ROUTE|{minute}||ADT^{trigger}^{_STRUCTURE[trigger]}"
                f"|{control}|P|2.4|1|{minute}||||UNICODE|EN||iTKv1.0"
            ),
            f"EVN||{minute}|||111111111^Cortana^Emily^^Miss^^X26H1|{minute}",
            (
                f"PID|1||{child['nhs']}^^^NHS||{family}^{given}^^^^^L||{born}|{child['sex']}"
                f"|||{child['street']}^^LEEDS^^{child['postcode']}^GBR^H"
            ),
            f"PV1|1|E|ED^X26H1^BAY2^X26H1|21|||||||||||||||{visit}^^^VISITID",
            "",
        )
    )


class Line:
    """One connection kept open to the hub."""

    def __init__(self, port: int, books: Books):
        self._port = port
        self._books = books
        self._open: tuple[MLLPStreamReader, MLLPStreamWriter] | None = None

    async def say(self, control: str, trigger: str, text: str) -> str:
        """Sends one message and waits for the acknowledgement that names it."""
        if self._open is None:
            self._open = await open_hl7_connection("127.0.0.1", self._port, encoding="utf-8")
        reader, writer = self._open
        writer.writemessage(hl7.parse(text))
        await writer.drain()
        try:
            answer = await asyncio.wait_for(reader.readmessage(), 20)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError):
            self._open = None
            self._books.sent(control, trigger, "unanswered")
            return "nothing"
        code, named = str(answer.segment("MSA")[1]), str(answer.segment("MSA")[2])
        said = "taken" if code == "AA" and named == control else "refused"
        self._books.sent(control, trigger, said, code)
        return code

    async def close(self) -> None:
        """Hangs up, as systems do at night."""
        if self._open is not None:
            self._open[1].close()
        self._open = None


async def main(books: Books, port: int) -> None:
    """Serves the story."""
    line = Line(port, books)

    async def attend(order: dict[str, Any]) -> dict[str, str]:
        control = order["control"]
        who = order["child"]
        child = CHILDREN[who] if isinstance(who, str) else passer_by(who)
        trigger = order.get("trigger", "A04")
        text = adt(trigger, control, order["at"], child, order.get("visit", f"V{control}"))
        return {"control": control, "answer": await line.say(control, trigger, text)}

    async def hang_up(order: dict[str, Any]) -> None:
        await line.close()

    await obey({"attend": attend, "hang_up": hang_up}, {})


if __name__ == "__main__":
    asyncio.run(main(Books(Path(sys.argv[1])), int(sys.argv[2])))
