"""What a partner says later about a delivery names the delivery, and only that."""

from typing import Annotated

from pydantic import Field
from pydantic import model_validator as check

from schemas.codes import Fault, PartnerRejection, ReceiptResult
from schemas.envelope import AckLevel
from schemas.instants import Instant
from schemas.labels import DataKind as Kind
from schemas.values import Line, Said


class DeliveryReceipt(Said):
    """`delivery.receipt`: a MESH report, a later acknowledgement, a bounce; no case content."""

    answers: Annotated[Line, Kind.DELIVERY_METADATA] = Field(
        description="The reference (or message id) under which we sent it"
    )
    result: Annotated[ReceiptResult, Kind.DELIVERY_METADATA]
    at: Annotated[Instant, Kind.DELIVERY_METADATA]
    level: Annotated[AckLevel | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="What the receipt proves; left out, what its result implies"
    )
    fault: Annotated[Fault | None, Kind.DELIVERY_METADATA] = None
    rejection: Annotated[PartnerRejection | None, Kind.DELIVERY_METADATA] = None
    code: Annotated[Line | None, Kind.DELIVERY_METADATA] = Field(
        default=None, description="The partner's own code"
    )
    detail: Annotated[Line | None, Kind.DELIVERY_METADATA] = None
    their_reference: Annotated[Line | None, Kind.DELIVERY_METADATA] = None

    @check(mode="after")
    def _rejection_is_explained(self) -> "DeliveryReceipt":
        if self.result is ReceiptResult.REJECTED and not (self.rejection or self.code):
            raise ValueError("rejected needs rejection or the partner's code: say why")
        return self

    @property
    def proves(self) -> AckLevel:
        """The level this receipt proves; a failure proves none, and reading is not accepting."""
        if self.level is not None:
            return self.level
        return _PROVES.get(self.result, AckLevel.NONE)

    @property
    def failed(self) -> bool:
        """True where the partner certainly does not have it."""
        return self.result in (
            ReceiptResult.NOT_COLLECTED,
            ReceiptResult.BOUNCED,
            ReceiptResult.REJECTED,
        )


_PROVES = {
    ReceiptResult.RECEIVED: AckLevel.RECEIVED,
    ReceiptResult.COLLECTED: AckLevel.RECEIVED,
    ReceiptResult.READ: AckLevel.RECEIVED,
    ReceiptResult.ACTIONED: AckLevel.OUTCOME,
}
