"""Whoever looks for a child by its number, or takes what the hub knows out of it, is named in the audit first."""

from collections.abc import Callable

from hub.core.acts.deed import Deed, Refused
from hub.core.work import Work
from hub.ids import token
from hub.ledger.session import among, values
from hub.ledger.write import rows
from schemas.values import NhsNumber


def _sought(work: Work, deed: Deed) -> str:
    """The cases under the number's keyed tokens, one for each authority; the number is kept nowhere."""
    if not deed.reason.strip():
        raise Refused("a reason is needed")
    try:
        number = NhsNumber.model_validate({"number": deed.body.get("number")})
    except ValueError:
        raise Refused("that is not an NHS number") from None
    key = work.site.keys.key("identity")
    reach = [str(one) for one in deed.body.get("authorities") or ()]
    wanted = values(work.conn, [token(key, one, "nhs", number.number) for one in reach])
    sql = (
        "select t.case_ref, f.survivor from case_token t"
        " join case_file f on f.case_ref = t.case_ref"
        f" where {among(work.conn, 't.token')} and t.kind = 'nhs'"
    )
    found = sorted({row.survivor or row.case_ref for row in rows(work.conn, sql, among=wanted)})
    for case_ref in found:
        # One entry for each, and none of them names another.
        work.audit(case_ref, "found by number", act=deed.act_id, who=deed.name)
    return " ".join(found)


def _exported(work: Work, deed: Deed) -> str:
    """What left the hub, as which kind of file."""
    what, kind = str(deed.body.get("what") or ""), str(deed.body.get("format") or "")
    if not what or not kind:
        raise Refused("say what is exported, and as what")
    work.audit(deed.case_ref(work), "exported", what=what, format=kind, who=deed.name)
    return f"{what} as {kind}"


EFFECTS: dict[str, Callable[[Work, Deed], str]] = {
    "child.sought": _sought,
    "export.made": _exported,
}
