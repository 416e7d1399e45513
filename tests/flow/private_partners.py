"""Partners that speak about a marked child, and answer with it."""

import asyncio
import json
from pathlib import Path
from typing import Any

from hub.embedded.processes import free_port
from tests.contract.transports.smtp_peer import MailServer
from tests.flow.marked import ALL


class Quoting(MailServer):
    """A mail server that repeats whom a letter was about: first in its excuse, then in its thanks."""

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        await super().handle_DATA(server, session, envelope)
        if self.connections == 1:
            return f"451 4.3.0 not now: {ALL}"
        return f"250 2.0.0 thank you for {ALL}"


class Adversaries:
    """A police force and a night service that repeat in every answer whom it was about."""

    def __init__(self, mail: MailServer):
        self.mail = mail
        self.police = free_port()
        self.night = free_port()
        self._servers: list[asyncio.Server] = []

    async def up(self) -> None:
        for serve, port in ((self._post, self.police), (self._block, self.night)):
            self._servers.append(await asyncio.start_server(serve, "127.0.0.1", port))

    async def down(self) -> None:
        for server in self._servers:
            server.close()
            server.close_clients() if hasattr(server, "close_clients") else None

    async def _post(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        await reader.readexactly(int(fields["content-length"]))
        body = json.dumps({"title": "Not for us", "status": 422, "detail": f"not {ALL}"}).encode()
        writer.write(b"HTTP/1.1 422 Not for us\r\nContent-Type: application/problem+json\r\n")
        writer.write(b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async def _block(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            block = await reader.readuntil(b"\x1c\r")
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        header = block[1:].split(b"\r")[0].split(b"|")
        own, version = header[9].decode(), header[11].decode()
        answer = (
            f"MSH|^~\\&|N|N|H|H|20261123193200||ACK|{own}|P|{version}\r"
            f"MSA|AE|{own}|{ALL}\rERR|PID^1^5|PID^1^5|101^{ALL}|E||||{ALL}\r"
        )
        writer.write(b"\x0b" + answer.encode("ascii", "replace") + b"\x1c\r")
        await writer.drain()
        writer.close()


_HEAD = """partner: {name}
title: {name}
role: {role}
agency: "{agency}"
authorities: ["383"]
"""


def _file(name: str, role: str, rest: str, agency: str = "exemplar-council") -> tuple[str, str]:
    head = _HEAD.format(name=name, role=role, agency=agency)
    if agency == "exemplar-council":
        head += f"team: {name}\n"
    call = "call: {who: Somebody, phone: 0113 496 0101}\n"
    return name, head + rest + call


def partners(peers: Adversaries, mllp: int, folder: Path) -> dict[str, str]:
    """Their files."""
    door = "{kind: http, token: {env: HUB_TEST_TOKEN}}"
    columns = Path("tests/golden/contact-csv/settings.json").read_text()
    push = f'push: {{url: "http://127.0.0.1:{peers.police}/", allow_private: true, timeout: 5}}'
    return dict(
        [
            _file(
                "form",
                "assessment_team",
                f"transport: {door}\nformat: {{kind: hub-json}}\n"
                "sends: [referral.received, strategy.requested]\n",
            ),
            _file(
                "edt",
                "edt",
                f"transport: {door}\nformat: {{kind: hub-json}}\nsends: [edt.handover]\n",
            ),
            _file(
                "duty",
                "assessment_team",
                "transport: {kind: inbox}\nformat: {kind: hub-json}\n"
                "sends: [handover.response]\nreceives:\n"
                "  - {type: edt.handover, for: action}\n"
                "  - {type: referral.received, for: action}\n",
            ),
            _file(
                "police",
                "police",
                f"transport: {door[:-1]}, {push}}}\nformat: {{kind: hub-json}}\n"
                "sends: [police.notification]\non_unreadable: keep\n"
                "receives: [{type: strategy.requested, for: action}]\n",
                "police-exemplar",
            ),
            _file(
                "hospital",
                "health",
                f"transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {mllp}}}}}\n"
                'format: {kind: hl7v2, version: "2.4"}\nsends: [health.attendance]\n'
                "filtered: true\n",
                "X26H1",
            ),
            _file(
                "night",
                "edt",
                f"transport: {{kind: mllp, send: {{host: 127.0.0.1, port: {peers.night}}}}}\n"
                'format: {kind: hl7v2, version: "2.4"}\n'
                "receives: [{type: health.attendance, for: information}]\n",
                "night-service",
            ),
            _file(
                "centre",
                "assessment_team",
                f"transport: {{kind: folder, inbound: {{path: {folder}, pattern: '*.csv',"
                f" media_type: text/csv, settle: 0, poll: 0.2}}}}\nformat: {columns}"
                "sends: [contact.recorded]\n",
            ),
            _file(
                "millrace",
                "professional_referrer",
                f"transport: {{kind: smtp, host: 127.0.0.1, port: {peers.mail.port}, tls: none,"
                " sender: front-door@council.example.org,"
                " recipient: safeguarding@millrace.example.org,"
                " verified_domains: [millrace.example.org]}\nformat: {kind: referrer-letter}\n"
                "receives: [{type: referral.acknowledged, for: information}]\n",
                "999101",
            ),
        ]
    )
