"""A batch of records has its whole effect, or each record that can have its own has it alone.

What fails alone is kept as stuck, and the rest goes on.
"""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from hub import topics
from hub.core.acts.effect import record_act
from hub.core.acts.on_partners import record_probed
from hub.core.arrival import Arrival, of_record
from hub.core.dispatch import dispatch
from hub.core.incidents.certificates import record_certificates
from hub.core.parcels import record_parcels
from hub.core.reader import Records
from hub.core.record import record_messages
from hub.core.reports import record_report
from hub.core.settle import open_all, settle_receipts, settle_takeover
from hub.core.stuck import keep_record
from hub.core.traced import named
from hub.core.whole import whole
from hub.core.work import Work
from hub.wire import PROBED, Foreign, Record, UnknownVersion, read

_Read = tuple[ConsumerRecord, Record]
_EFFECTS = {
    "takeover": settle_takeover,
    "report": record_report,
    "certificates": record_certificates,
    PROBED: record_probed,
}

log = structlog.get_logger("hub.core")


def messages(work: Work, records: Records) -> Work:
    """Messages, the parcels that ride with them, and what people did."""
    arrivals: list[Arrival] = []
    parcels: list[_Read] = []
    acts: list[_Read] = []
    for raw, record in _read(work, records):
        if raw.topic == topics.ACTS:
            acts.append((raw, record))
            continue
        if record.parcel is not None:
            parcels.append((raw, record.parcel))
        try:
            arrivals.append(of_record(record, raw))
        except Exception as error:  # whatever is wrong with one, the others must go on
            _stuck(work, raw, error)
    record_messages(work, arrivals)
    _parcels(work, parcels)
    for raw, record in acts:
        _alone(work, raw, partial(record_act, work, record))
    return finish(work)


def told(work: Work, records: Records) -> Work:
    """What became of attempts, what parcels held, how roles fare: nobody waits for these."""
    found = _read(work, records)
    groups = _together(one for one in found if one[0].topic != topics.PARCELS)
    if sum(kind == "receipts" for kind, _ in groups) > 1:
        told = [one for kind, group in groups if kind == "receipts" for one in group]
        # Where one of them cannot be read it fails by itself, below.
        whole(work, lambda: open_all(work, _receipts(told)))
    for kind, group in groups:
        if kind == "receipts":
            _settle(work, group)
        elif effect := _EFFECTS.get(kind):
            for raw, record in group:
                _alone(work, raw, partial(effect, work, dict(record.meta)))
        else:
            for raw, _ in group:
                keep_record(work, raw, "it does not belong here", "foreign")
    # Last, as with messages: the hub's own chain, where what cannot be read is told, after the cases'.
    _parcels(work, [one for one in found if one[0].topic == topics.PARCELS])
    return finish(work)


def finish(work: Work) -> Work:
    """Writes what is decided, and hands out what may go by it."""
    work.flush()
    dispatch(work)
    work.flush()
    return work


def _parcels(work: Work, found: list[_Read]) -> None:
    """All of a batch together; else one by one."""
    effect = partial(record_parcels, work, [record for _, record in found])
    if len(found) == 1:
        _alone(work, found[0][0], effect)
    elif found and whole(work, effect):
        for one in found:
            _parcels(work, [one])


def _settle(work: Work, group: list[_Read]) -> None:
    """Receipts of one partner that came one after the other, together; else one by one."""

    def effect() -> None:
        meta = group[0][1].meta
        settle_receipts(work, meta["partner"], meta["edge"], _receipts(group))

    if len(group) == 1:
        _alone(work, group[0][0], effect)
        return
    if whole(work, effect):
        for one in group:
            _settle(work, [one])


def _receipts(found: Iterable[_Read]) -> list[dict[str, Any]]:
    return [receipt for _, record in found for receipt in record.meta["receipts"]]


def _alone(work: Work, raw: ConsumerRecord, effect: Callable[[], Any]) -> None:
    """One record's effect under a savepoint; kept as stuck where it fails."""
    error = whole(work, effect)
    if error is not None:
        _stuck(work, raw, error)


def _stuck(work: Work, raw: ConsumerRecord, error: Exception) -> None:
    where = {"topic": raw.topic, "offset": raw.offset, **named(raw)}
    log.warning("stuck", error=type(error).__name__, **where)
    keep_record(work, raw, f"{type(error).__name__} in its effect")


def _read(work: Work, records: Records) -> list[_Read]:
    found = []
    for raw in records:
        headers = {name: value or b"" for name, value in raw.headers}
        try:
            found.append((raw, read(work.site.keys, raw.topic, headers, raw.value)))
        except UnknownVersion as error:
            keep_record(work, raw, error.reason, "parked")
        except Foreign as error:
            keep_record(work, raw, error.reason, "foreign")
    return found


def _together(found: Iterable[_Read]) -> list[tuple[str, list[_Read]]]:
    """Neighbours of one kind and partner, in their order."""
    alike = groupby(
        found, lambda one: (one[1].kind, one[1].meta.get("partner"), one[1].meta.get("edge"))
    )
    return [(kind, list(group)) for (kind, _, _), group in alike]
