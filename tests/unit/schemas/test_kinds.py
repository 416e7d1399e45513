"""No field of any message is without a data kind, and the kind is found by its path."""

from typing import Annotated

import pytest

from schemas.contact import ContactRecorded
from schemas.handover import EdtHandover
from schemas.kinds import Place, Unkinded, kinds, places
from schemas.labels import DataKind, Restriction
from schemas.people import Worker
from schemas.police import PoliceNotification
from schemas.register import REGISTER
from schemas.strategy import StrategyRecord
from schemas.values import Known, Said
from tests.kit.people import (
    a_contact,
    a_handover,
    a_police_notification,
    a_referral,
    a_strategy_record,
)


class Good(Said):
    name: Annotated[str, DataKind.CHILD_IDENTITY]


class Bare(Said):
    name: Annotated[str, DataKind.CHILD_IDENTITY]
    rumour: str = ""


class BareDeep(Said):
    children: tuple[Bare, ...] = ()


class BareKnown(Said):
    rumour: Known[str] = "not_asked"  # type: ignore[assignment]


class BareMapping(Said):
    children: dict[str, Good]


class OrText(Said):
    child: Good | str


class Twice(Said):
    rumour: Annotated[str, DataKind.CHILD_IDENTITY, DataKind.DECISION]


class BorrowsWorker(Said):
    worker: Worker


@pytest.mark.parametrize(
    "bad", [Bare, BareDeep, BareKnown, BareMapping, OrText, Twice, BorrowsWorker]
)
def test_a_field_without_one_kind_is_refused(bad: type[Said]) -> None:
    with pytest.raises(Unkinded, match="data kind"):
        kinds(bad)


@pytest.mark.parametrize("type", list(REGISTER))
def test_every_field_of_every_message_has_a_kind(type: str) -> None:
    assert all(isinstance(kind, DataKind) for kind in kinds(REGISTER[type].body).values())


def test_paths_go_through_lists_and_nested_values() -> None:
    found = kinds(StrategyRecord)
    assert found["household.adults[].name"] is DataKind.OTHER_PARENT
    assert found["child.address"] is DataKind.CURRENT_ADDRESS
    assert found["police_information[].text"] is DataKind.POLICE_INTELLIGENCE
    assert found["household.adults[].health"] is DataKind.THIRD_PARTY_HEALTH


def test_a_referrer_is_never_found_under_another_kind() -> None:
    for path, kind in kinds(ContactRecorded).items():
        if path.startswith("caller.") and path not in ("caller.kind", "caller.source"):
            assert kind is DataKind.REFERRER_IDENTITY, path


def test_restrictions_and_summary_fields_are_known_by_path() -> None:
    place = {place.path: place for place in places(PoliceNotification)}
    assert place["protection.placed_at"].restrictions == (Restriction.SAFE_ADDRESS,)
    assert place["intelligence[].text"].restrictions == (Restriction.POLICE_RESTRICTED,)
    assert place["risk"].summary and not place["what_happened"].summary
    assert {place.path: place for place in places(EdtHandover)}["legal.expires_at"].summary


@pytest.mark.parametrize(
    "body",
    [a_contact(4), a_referral(7), a_strategy_record(7), a_police_notification(2), a_handover(3)],
    ids=lambda body: type(body).__name__,
)
def test_every_value_that_is_ever_sent_stands_at_a_known_place(body: Said) -> None:
    known = places(type(body))
    stray = [path for path in _leaves(body.model_dump(by_alias=True)) if not _covered(path, known)]
    assert stray == []


def _covered(path: str, known: tuple[Place, ...]) -> bool:
    return any(path == p.path or path.startswith((f"{p.path}.", f"{p.path}[]")) for p in known)


def _leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        inner = [(f"{path}.{key}" if path else key, item) for key, item in value.items()]
    elif isinstance(value, (list, tuple)):
        inner = [(f"{path}[]", item) for item in value]
    else:
        return [path] if value is not None else []
    return [leaf for where, item in inner for leaf in _leaves(item, where)]
