"""Where a message's time goes, stage by stage, is measured without Kafka or sockets around it.

Core's stages are taken by the profiler while batches of a hundred are recorded, handed out and
settled on a real ledger; edge's by running each of its pure steps alone. The profiler's own cost is in core's.
"""

import cProfile
import pstats
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from connectors.base import Kind, Parcel, Verdict
from connectors.formats import make_format
from hub import clock, wire
from hub.core.settle import settle_receipts
from hub.intake.compose import Composer
from hub.partners import Receives, Role
from hub.seal import Keyring
from schemas.register import REGISTER
from tests.kit import people
from tests.kit.site import Bench, a_partner, an_arrival

BATCH = 100
BATCHES = 20
STAGES = {
    ("record.py", "record_messages"): "record, whole",
    ("identify.py", "identify"): "  identify",
    ("plan.py", "plan"): "  route and disclose",
    ("record.py", "apply"): "  journeys and what follows",
    ("work.py", "flush"): "  write rows",
    ("dispatch.py", "dispatch"): "dispatch",
    ("settle.py", "settle_receipts"): "settle",
    ("~", "<method 'commit' of 'sqlite3.Connection' objects>"): "commit",
}
_ADT = (
    "MSH|^~\\&|PAS|X26H1|HUB|X26|202611232130||ADT^A04^ADT_A01|M000001|P|2.4|||||GBR|UNICODE|EN\r"
    "EVN||202611232130\rPID|1||P0000001^^^X26H1^PI~9990000018^^^NHS||EXEMPLAR^CHILD^^^^^L||20190304|1\r"
    "PV1|1|E|ED^^^X26H1\r"
)


def profile(console: Console, folder: Path) -> dict[str, float]:
    """Prints the table, and gives its figures."""
    costs = _edge() | _core(folder)
    table = Table("stage", "µs a message", title="Processor time by stage, SQLite, batches of 100")
    for name, cost in costs.items():
        table.add_row(name, f"{cost:,.0f}")
    console.print(table)
    return {name.strip(): round(cost, 1) for name, cost in costs.items()}


def _edge() -> dict[str, float]:
    partner = a_partner(
        "hospital", Role.HEALTH, "mllp", sends=("health.attendance",), format={"kind": "hl7v2"}
    )
    speaks = make_format(partner.format)
    parcel = Parcel("hospital", "mllp", _ADT.encode(), speaks.media_type, clock.now())
    drafts = speaks.read(parcel)
    keys = Keyring({name: bytes(32) for name in ("road", "order", "watch")})
    composer = Composer(partner, REGISTER, keys)
    outs = composer.accepted(parcel, drafts)
    headers = {name: value.encode() for name, value in outs[0].headers.items()}
    return {
        "read HL7 v2": _each(lambda: speaks.read(parcel)),
        "compose and seal both records": _each(lambda: composer.accepted(parcel, drafts)),
        "acknowledge": _each(lambda: speaks.reply(parcel, Verdict(Kind.OWNED))),
        "open one record": _each(lambda: wire.read(keys, outs[0].topic, headers, outs[0].value)),
    }


def _each(step: Callable[[], object], times: int = 1000) -> float:
    began = time.process_time()
    for _ in range(times):
        step()
    return (time.process_time() - began) / times * 1e6


def _core(folder: Path) -> dict[str, float]:
    team = a_partner(
        "team",
        Role.ASSESSMENT_TEAM,
        receives=(Receives(type="health.attendance"),),
        order="partner",
        window=256,
    )
    hospital = a_partner("hospital", Role.HEALTH, "mllp", sends=("health.attendance",))
    bench = Bench(f"sqlite:///{folder / 'profile.db'}", folder / "profile", [hospital, team])
    attended = [people.an_attendance(2 + n % 50) for n in range(BATCH * BATCHES)]
    arrivals = [
        an_arrival("health.attendance", body, reference=f"r{n}") for n, body in enumerate(attended)
    ]
    measure = cProfile.Profile()
    for start in range(0, len(arrivals), BATCH):
        measure.enable()
        bench.record(*arrivals[start : start + BATCH])
        measure.disable()
        told = [
            {
                "delivery_id": order["delivery_id"],
                "attempt": order["attempt"],
                "outcome": "delivered",
                "level": "received",
            }
            for order in bench.orders()
        ]
        measure.enable()
        bench.do(partial(settle_receipts, partner="team", edge="edge-1", receipts=told))
        measure.disable()
    found: dict[str, float] = {}
    for (path, _, name), (_, _, _, whole, _) in pstats.Stats(measure).stats.items():  # type: ignore[attr-defined]
        stage = STAGES.get((Path(path).name, name))
        if stage:
            found[stage] = found.get(stage, 0.0) + whole / len(arrivals) * 1e6
    return {stage: found[stage] for stage in STAGES.values() if stage in found}
