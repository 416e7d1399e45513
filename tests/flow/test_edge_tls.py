"""An edge that listens by TLS tells core until when each certificate is valid, ours and the partner's."""

import asyncio
from pathlib import Path

import pytest

from hub.edge import app
from hub.running import ports
from tests.contract.transports.certificates import Authority
from tests.flow.test_edge_app import HOSPITAL, Site, site
from tests.kit.waiting import eventually

pytestmark = pytest.mark.kafka


async def told(edge: Site) -> dict[str, str]:
    """The certificates of the last report."""
    reports = await edge.records("reports")
    found: dict[str, str] = reports[-1].meta["certificates"] if reports else {}
    return found


async def test_a_report_tells_of_every_certificate_and_of_the_next_one(
    empty_kafka: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    door, line = authority.pair("door", days=5), authority.pair("line", days=6)
    partner = authority.pair("partner", days=7)
    made = await site(empty_kafka, tmp_path, monkeypatch)
    file = made.settings.partners_dir / f"{HOSPITAL}.yaml"
    tls = f"tls: {{certificate: {line.certificate}, key: {line.key}, client_ca: {authority.file}}}"
    file.write_text(file.read_text().replace("listen: {", f"listen: {{{tls}, "))
    named = {"door_tls_cert": door.certificate, "door_tls_key": door.key}
    made.settings = made.settings.model_copy(update=named)
    stop = asyncio.Event()
    running = asyncio.create_task(app.run(made.settings, stop))
    try:
        await eventually(lambda: ports.find(made.settings.data, "door"))

        async def talked() -> bool:
            try:
                _, writer = await asyncio.open_connection(
                    "127.0.0.1", made.mllp, ssl=partner.client(authority.file)
                )
            except ConnectionRefusedError:
                return False
            writer.close()
            return True

        await eventually(talked)
        line_uses = ("listen", "listen theirs", "listen trusted")
        names = {"hub|door", *(f"{HOSPITAL}|{use}" for use in line_uses)}

        async def all_told() -> dict[str, str] | None:
            found = await told(made)
            return found if set(found) == names else None

        before = await eventually(all_told, 20)
        assert before is not None
        assert before["hub|door"] < before[f"{HOSPITAL}|listen"]
        assert before[f"{HOSPITAL}|listen"] < before[f"{HOSPITAL}|listen theirs"]
        authority.pair("next", days=50).put(door)

        async def newer() -> bool:
            return (await told(made))["hub|door"] > before[f"{HOSPITAL}|listen theirs"]

        await eventually(newer, 20)
    finally:
        stop.set()
        assert await running == 0
