"""Beside the bench's hospitals and teams stand two councils whose people use the desk, and a partner that is down."""

from dataclasses import replace
from pathlib import Path

from hub.embedded.processes import free_port
from tests.load.hub_under_load import Link, links, settle_in

TOKEN = "load-token-of-no-worth"
_COUNCIL = {
    "edt": """\
partner: {name}-edt
title: Night team {name}
role: edt
agency: council-{authority}
team: edt
authorities: ["{authority}"]
transport: {{kind: http, token: {{env: LOAD_TOKEN}}}}
format: {{kind: hub-json}}
sends: [edt.handover]
""",
    "ward": """\
partner: {name}-ward
title: Ward {name}
role: health
agency: ward-{authority}
authorities: ["{authority}"]
transport: {{kind: http, token: {{env: LOAD_TOKEN}}}}
format: {{kind: hub-json}}
sends: [health.attendance]
""",
    "contacts": """\
partner: {name}-contacts
title: Contact centre {name}
role: assessment_team
agency: council-{authority}
team: contact-centre
authorities: ["{authority}"]
transport: {{kind: folder, inbound: {{path: {folder}, pattern: "*.csv", media_type: text/csv, poll: 0.5, settle: 0}}}}
format:
  kind: contact-csv
  encoding: utf-8
  columns:
    {{call: call, received: received, caller_kind: kind, child: child, born: born,
      nhs_number: nhs, concern: concern}}
  codes: {{caller_kind: {{Prof: professional}}}}
sends: [contact.recorded]
""",
    "assess": """\
partner: {name}-assess
title: Assessment team {name}
role: assessment_team
agency: council-{authority}
team: assess
authorities: ["{authority}"]
transport: {{kind: inbox}}
format: {{kind: hub-json}}
sends: [handover.response]
receives:
  - {{type: edt.handover, for: action}}
  - {{type: contact.recorded, for: information}}
""",
}
_DOWN = {
    "hospital": """\
partner: down-hospital
title: Hospital of the partner that is down
role: health
agency: X26H5
authorities: ["385"]
transport: {{kind: mllp, listen: {{host: 127.0.0.1, port: {inward}}}}}
format: {{kind: hl7v2}}
sends: [health.attendance]
filtered: true
""",
    "team": """\
partner: down-team
title: Team that is down
role: assessment_team
agency: X26H5T
authorities: ["385"]
transport: {{kind: mllp, send: {{host: 127.0.0.1, port: {outward}}}}}
format: {{kind: hl7v2}}
receives: [{{type: health.attendance, for: information}}]
order: case
connections: 1
window: 256
""",
}


def site(data: Path) -> tuple[Link, Link]:
    """Writes all partner files; nobody listens at the one that is down.

    To one team what the hospital says is for action, to the other, as in the examples, for information.
    """
    lane, cases = links()
    pair = lane, replace(cases, purpose="information")
    found = {}
    for link in pair:
        folder = data / f"{link.name}-contacts"
        folder.mkdir(parents=True, exist_ok=True)
        for kind, text in _COUNCIL.items():
            found[f"{link.name}-{kind}"] = text.format(folder=folder, **vars(link))
    ports = {"inward": free_port(), "outward": free_port()}
    found |= {f"down-{kind}": text.format(**ports) for kind, text in _DOWN.items()}
    settle_in(data, pair, found)
    return pair
