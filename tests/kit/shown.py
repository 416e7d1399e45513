"""Every page of the desk has somebody of the evening who looks at it, by name and path."""

from hub.desk.shown.causes import groups
from hub.ledger.read.stopped import causes
from tests.kit.site import Bench


def shown(bench: Bench) -> dict[str, dict[str, str]]:
    """Who, to name and path of what they look at."""

    def message(reference: str) -> str:
        sql = "select message_id, case_ref from message where reference = :r"
        return f"/message/{bench.all(sql, r=reference)[0].message_id}"

    stopped = bench.all("select delivery_id from delivery where state = 'needs_person'")[0]
    parcel = bench.all("select parcel_id from parcel where state = 'unreadable'")[0]
    sheet = bench.all("select delivery_id from delivery where transport = 'call'")[0]
    with bench.engine.connect() as conn:
        [cause] = [one for one in groups(causes(conn)) if one.kind == "refused"]
    wrong = bench.all("select incident_id from incident where kind = 'stopped'")[0]
    case = bench.all("select case_ref from message where reference = 'S-2231'")[0].case_ref
    return {
        "manager": {
            "now": "/",
            "inbox": "/inbox",
            "message": message("EDT-0417"),
            "accepted": message("EDT-0414"),
            "strategy": message("S-2231"),
            "case": f"/case/{case}",
            "calls": "/calls",
            "call": f"/calls/{sheet.delivery_id}",
            "parcel": f"/parcel/{parcel.parcel_id}",
            "none": "/message/nothing",
            "find": "/find?q=handover+from+edt+late+accepted",
            "find-help": "/find",
            "found": "/find?q=since+2000-01-01",
            "late": "/all/late",
        },
        "operations": {
            "now": "/",
            "failed": "/failed",
            "cause": f"/failed/{cause.key}",
            "find": "/find?q=urgent",
            "delivery": f"/delivery/{stopped.delivery_id}",
            "partners": "/partners",
            "partner": "/partners/exemplar-police",
            "incidents": "/incidents",
            "incidents-closed": "/incidents/closed",
            "incident": f"/incidents/{wrong.incident_id}",
            "runbook": "/runbook/partner_down",
        },
        "auditor": {"audit": f"/audit?case={case}"},
        "administrator": {"people": "/people"},
        "edt": {"now": "/"},
        "police": {"now": "/", "strategy": message("S-2231")},
    }
