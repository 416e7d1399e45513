"""Every format by its kind; a partner file names one and gives it its settings."""

from collections.abc import Mapping
from typing import Any

from connectors.base import Format
from connectors.formats.contact_csv import ContactCsv
from connectors.formats.edt_email import EdtEmail
from connectors.formats.hl7v2 import Hl7v2
from connectors.formats.hub_json import HubJson
from connectors.formats.incident_email import IncidentEmail
from connectors.formats.referrer_letter import ReferrerLetter

FORMATS: dict[str, type[Format]] = {
    HubJson.name: HubJson,
    Hl7v2.name: Hl7v2,
    ContactCsv.name: ContactCsv,
    EdtEmail.name: EdtEmail,
    ReferrerLetter.name: ReferrerLetter,
    IncidentEmail.name: IncidentEmail,
}


def make_format(settings: Mapping[str, Any]) -> Format:
    """The format of a partner file's `format` table; KeyError for an unknown kind, ValidationError for settings."""
    own = {key: value for key, value in settings.items() if key != "kind"}
    made = FORMATS[settings["kind"]]
    return made(made.Settings(**own))
