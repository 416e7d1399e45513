"""Each role's user of a cluster may do what `hub.topics` says of it, and nothing else.

What is allowed follows from who writes and reads a topic, so a topic cannot be added without it. An
edge of some partners has these partners' topics and groups alone, and of the flows those that they
may send on.
"""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hub import topics
from hub.kafka.topic_setup import wanted
from hub.partners import Directory, Partner
from hub.settings import Settings
from hub.topics import Topic
from schemas.register import REGISTER


class User(StrEnum):
    """Who connects: the three roles, and whoever sets the topics up."""

    CORE = "core"
    DESK = "desk"
    EDGE = "edge"
    SET_UP = "set-up"


@dataclass(frozen=True, order=True, slots=True)
class Allowed:
    """One thing that a user may do; `kind` is topic, group or cluster."""

    user: str
    kind: str
    name: str
    operation: str


_SETS_UP = ("Create", "Describe", "Alter", "DescribeConfigs", "AlterConfigs")
_CLUSTER = "kafka-cluster"


def allowed(settings: Settings, directory: Directory, user: User, name: str) -> list[Allowed]:
    """What the user `name` needs to be `user`; an edge for the partners that the settings name.

    Reading a topic or writing to it includes seeing that it is there; a group is read by joining
    it and by committing. Raises KeyError for a partner that the directory does not know.
    """
    named = settings.partners or tuple(partner.partner for partner in directory)
    partners = [directory[one] for one in named]
    there = wanted(settings, directory)
    if user is User.SET_UP:
        found = [Allowed(name, "topic", t.name, each) for t in there for each in _SETS_UP]
        # It looks how far core has read before it widens a topic.
        seen = [settings.kafka_prefix + group for group in _groups(User.CORE, partners)]
        found += [Allowed(name, "group", group, "Describe") for group in seen]
        return [*found, Allowed(name, "cluster", _CLUSTER, "DescribeConfigs")]
    mine = _of_edge(there, partners) if user is User.EDGE else there
    writes = [Allowed(name, "topic", t.name, "Write") for t in mine if user in _roles(t.writers)]
    reads = [Allowed(name, "topic", t.name, "Read") for t in mine if user in _roles(t.readers)]
    groups = [settings.kafka_prefix + group for group in _groups(user, partners)]
    return [*writes, *reads, *(Allowed(name, "group", group, "Read") for group in groups)]


def _roles(said: str) -> list[str]:
    return said.split(", ")


def _of_edge(there: Iterable[Topic], partners: Iterable[Partner]) -> list[Topic]:
    known = {topics.IMMEDIATE, topics.PARCELS, topics.RECEIPTS, topics.REPORTS}
    for partner in partners:
        if partner.filtered:
            known.add(topics.WATCHED)
        flows = {REGISTER[name].flow for name in partner.sends if name in REGISTER}
        known |= {topics.flow(flow) for flow in flows}
        known |= {t.name for t in topics.of_partner(partner.partner, 1, pulls=True)}
    return [topic for topic in there if topic.name in known]


def _groups(user: User, partners: Iterable[Partner]) -> list[str]:
    if user is User.CORE:
        return [topics.recording(road) for road in topics.ROADS]
    if user is User.DESK:
        return []
    return [
        group(partner.partner)
        for partner in partners
        for group in (topics.delivering, topics.pulling)
    ]


def commands(found: Sequence[Allowed]) -> list[str]:
    """The same as calls of `kafka-acls.sh`, one for each set of operations.

    Where to call and as whom is left to the shell: `$KAFKA_ACLS`.
    """
    operations: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in found:
        operations[one.user, one.kind, one.name].add(one.operation)
    together: dict[tuple[str, str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (user, kind, name), may in operations.items():
        together[user, kind, tuple(sorted(may))].append(name)
    return [
        " ".join(
            [
                "$KAFKA_ACLS --add --allow-principal",
                shlex.quote(f"User:{user}"),
                *(f"--operation {operation}" for operation in may),
                *(["--cluster"] if kind == "cluster" else _named(kind, names)),
            ]
        )
        for (user, kind, may), names in sorted(together.items())
    ]


def _named(kind: str, names: Iterable[str]) -> list[str]:
    return [f"--{kind} {shlex.quote(name)}" for name in sorted(names)]
