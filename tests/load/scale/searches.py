"""What a duty manager of one authority looks for: what there is much of, little of, and nothing of."""

from sqlalchemy import Connection, text

SEARCHES = {
    "of today": "today",
    "a type, of a week": "handover from lane-edt last 7 days",
    "a type, of a day long ago": "contact 1 Mar",
    "accepted, of a team": "accepted to lane-assess",
    "late": "late",
    "stopped": "stopped",
    "delivered": "delivered",
    "a type of which there is none": "strategy since 1 Jan 2020",
    "a partner of which they may see nothing": "from cases-ward",
    "how none begins": "no-such-reference",
}


def searched(conn: Connection, messages: list[str]) -> dict[str, str]:
    """The words of each search, and of those for a reference that stands and for how it begins."""
    found = dict(SEARCHES)
    sql = text("select reference from message where message_id = :id")
    reference = str(conn.execute(sql, {"id": messages[len(messages) // 2]}).scalar())
    found["a reference"] = reference
    found["how many begin"] = reference[:-3]
    found["how an id begins"] = messages[len(messages) // 3][:8]
    return found
