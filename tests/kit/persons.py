"""Synthetic people by number: the same seed is always the same invented child, adult and message.

NHS numbers are of the 999 range, telephones of the drama ranges, mail at example.org, streets and
names invented. `seed % 8` picks who the child is (`STORIES`), so tests can ask for one by name.
"""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

from nhs_number.validate import calculate_checksum

from schemas.census import (
    Disability,
    Ethnicity,
    ReferralSource,
    Sex,
)
from schemas.codes import (
    AddressKind,
    ReferrerKind,
    Relation,
    Verification,
)
from schemas.people import (
    Adult,
    ChildIdentity,
    Household,
    OtherChild,
    PersonName,
    Practice,
    Referrer,
    School,
    Worker,
)
from schemas.values import (
    NOT_KNOWN,
    Address,
    Coded,
    NhsNumber,
    SourceCode,
    known,
)

STORIES = ("plain", "unborn", "twin", "interpreter", "refuge", "disabled", "unknown", "two_fathers")
NIGHT = datetime(2026, 11, 23, 22, 15, tzinfo=UTC)
"""Monday evening on which the stories happen."""
_GIVEN = ("Amberly", "Brindley", "Corwen", "Delphie", "Ewart", "Fenella", "Garrick", "Hesper")
_FAMILY = ("Thistlewood", "Marrowby", "Quillfeather", "Ashgrove-Penn", "Larkhollow", "Stonebridle")
_STREET = ("Lantern Row", "Foxglove Rise", "Tannery Steps", "Kestrel Mews", "Old Wheel Lane")


def nhs(seed: int) -> str:
    """A valid NHS number of the range that is never issued."""
    body = 999_000_000 + seed % 1_000_000
    while calculate_checksum(str(body)) == 10:
        body += 500_000 if body < 999_500_000 else -499_999
    return f"{body}{calculate_checksum(str(body))}"


def story(seed: int) -> str:
    """Which story this child belongs to."""
    return STORIES[seed % len(STORIES)]


def seed_of(story: str, nth: int = 0) -> int:
    """The nth seed of a story."""
    return STORIES.index(story) + nth * len(STORIES)


def phone(seed: int) -> str:
    """A telephone number that rings nowhere."""
    return f"07700 900{seed % 1000:03d}" if seed % 2 else f"0113 496 0{seed % 1000:03d}"


def name(seed: int) -> PersonName:
    """An invented name."""
    return PersonName(given=_GIVEN[seed % len(_GIVEN)], family=_FAMILY[seed // 2 % len(_FAMILY)])


def an_address(seed: int) -> Address:
    """An invented address; a refuge says so."""
    lines = (f"{seed % 180 + 1} {_STREET[seed % len(_STREET)]}", "Leeds")
    kind = AddressKind.REFUGE if story(seed) == "refuge" else AddressKind.HOME
    return Address(
        lines=lines, postcode=f"LS99 {seed % 9 + 1}ZZ", uprn=f"9900{seed:06d}", kind=kind
    )


def a_worker(seed: int = 0, agency: str = "Leeds children's social care", role: str = "") -> Worker:
    """A named professional."""
    who = PersonName(given=_GIVEN[(seed + 3) % len(_GIVEN)], family=_FAMILY[(seed + 2) % 6])
    return Worker(
        name=who.shown,
        role=role or "Social worker",
        agency=agency,
        phone=phone(seed),
        email=f"worker{seed}@example.org",
    )


def a_child(seed: int = 0) -> ChildIdentity:
    """The child of a story."""
    own = f"C{seed:06d}"
    match story(seed):
        case "unborn":
            return ChildIdentity(
                name=NOT_KNOWN,
                expected=date(2027, 2, 14),
                sex=known(Coded(code=Sex.UNKNOWN)),
                own_number=own,
                address=known(an_address(seed)),
                interpreter_needed=known(False),
            )
        case "unknown":
            return ChildIdentity(
                name=known(PersonName(whole="Hesper, surname not given")),
                age_given="about 4",
                address=NOT_KNOWN,
                own_number=own,
            )
    changes: dict[str, Any] = {}
    match story(seed):
        case "interpreter":
            changes = {
                "first_language": known("Tigrinya"),
                "interpreter_needed": known(True),
                "interpreter_language": "Tigrinya",
                "ethnicity": known(_coded(Ethnicity.BAFR, "N", "nhs-ethnic-category")),
            }
        case "disabled":
            needs: tuple[Coded[Disability], ...] = (
                Coded(code=Disability.HEAR),
                Coded(code=Disability.LD),
            )
            changes = {
                "disabilities": known(needs),
                "communication_needs": known("British Sign Language; slow pace, pictures help"),
            }
    return _born(seed, own, **changes)


def _born(seed: int, own: str, **changes: Any) -> ChildIdentity:
    twin = story(seed) == "twin"
    return partial(
        ChildIdentity,
        name=known(name(seed)),
        born=date(2019, 5, 4) if twin else date(2012, 1, 1) + timedelta(days=seed * 97 % 4700),
        sex=known(Coded(code=Sex.MALE if seed % 3 else Sex.FEMALE)),
        nhs_number=known(NhsNumber(number=nhs(seed), status=Verification.TRACED)),
        own_number=own,
        address=known(an_address(seed)),
        school=known(School(name="Millrace Primary School", urn="999101")),
        gp=known(Practice(name="Weir Street Surgery", ods="X26GP1")),
        ethnicity=known(Coded(code=Ethnicity.WBRI)),
        religion=NOT_KNOWN,
        first_language=known("English"),
        interpreter_needed=known(False),
        disabilities=known((Coded(code=Disability.NONE),)),
        communication_needs=NOT_KNOWN,
    )(**changes)


def _coded(code: Ethnicity, source: str, system: str) -> Coded[Ethnicity]:
    return Coded(code=code, source=SourceCode(code=source, system=system))


def a_household(seed: int = 0) -> Household:
    """Who lives with the child; the two-fathers household has a father for each of two children."""
    mother = Adult(
        name=known(PersonName(given="Rosalind", family=_FAMILY[seed // 2 % 6])),
        relation=known(Relation.MOTHER),
        parental_responsibility=known(True),
        in_household=known(True),
        phones=(phone(seed + 7),),
    )
    adults, children = [mother], []
    if story(seed) == "two_fathers":
        adults += [
            _father("Alaric", "Father of this child", True),
            _father("Barnaby", "Father of the sibling", False),
        ]
        children = [
            OtherChild(name=known(PersonName(given="Posy")), relation=known(Relation.HALF_SIBLING))
        ]
    elif story(seed) == "twin":
        children = [
            OtherChild(
                name=known(PersonName(given="Twyla", family=_FAMILY[seed // 2 % 6])),
                born=date(2019, 5, 4),
                nhs_number=known(NhsNumber(number=nhs(seed + 100_000))),
                relation=known(Relation.SIBLING),
                message_of_own=True,
            )
        ]
    return Household(group=f"H{seed:05d}", children=tuple(children), adults=tuple(adults))


def _father(given: str, unsafe: str, responsible: bool) -> Adult:
    return Adult(
        name=known(PersonName(given=given, family="Vexley")),
        relation=known(Relation.FATHER),
        parental_responsibility=known(responsible),
        in_household=known(responsible),
        address=known(Address(lines=(f"{unsafe}, 3 Copperfield Yard", "Leeds"))),
    )


def a_referrer(seed: int = 0, kind: ReferrerKind = ReferrerKind.PROFESSIONAL) -> Referrer:
    """A referrer of a kind; professionals come from a school."""
    match kind:
        case ReferrerKind.ANONYMOUS:
            source: Coded[ReferralSource] = Coded(code=ReferralSource.ANONYMOUS)
            return Referrer(kind=kind, source=source, identifying="Hears them through the wall")
        case ReferrerKind.PROFESSIONAL:
            return Referrer(
                kind=kind,
                source=Coded(code=ReferralSource.SCHOOL),
                name=known(PersonName(given="Odette", family="Furnival")),
                role="Designated safeguarding lead",
                agency="Millrace Primary School",
                agency_id="999101",
                phone="0113 496 0101",
                email="safeguarding@millrace.example.org",
            )
    return Referrer(
        kind=kind,
        source=Coded(code=ReferralSource.ACQUAINTANCE),
        name=known(PersonName(given="Ned", family="Wherrigan")),
        relation=known(Relation.FRIEND_OR_NEIGHBOUR),
        phone="07700 900142",
        token="T-0142" if kind is ReferrerKind.PUBLIC_CONFIDENTIAL else None,
        wishes="Please do not say it was me",
        identifying="The neighbour at 14",
    )
