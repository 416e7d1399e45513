"""Two cases become one by a message that says on what ground, so it can be questioned."""

from typing import Annotated

from pydantic import Field
from pydantic import model_validator as check

from schemas.codes import Linking
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.people import Worker, must_be_named
from schemas.values import Line, Said, Text


class CaseLinked(Said):
    """`case.linked`: a case joins the one that survives; never across an adoption."""

    case: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="Reference of the case that joins (a pseudonym)"
    )
    survivor: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="Reference of the case that goes on"
    )
    ground: Annotated[Linking, Kind.DELIVERY_METADATA]
    linked_at: Annotated[Instant, Kind.DELIVERY_METADATA]
    by: Annotated[Worker | None, Kind.DECISION] = None
    reason: Annotated[Text | None, Kind.DECISION] = None

    @check(mode="after")
    def _grounded(self) -> "CaseLinked":
        if self.case == self.survivor:
            raise ValueError("case and survivor are the same: a case cannot join itself")
        if self.ground is Linking.DECIDED_BY_PERSON:
            if self.by is None or not self.reason:
                raise ValueError("decided_by_person needs by and reason: say who and why")
            must_be_named(self.by, "by")
        return self
