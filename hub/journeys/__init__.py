"""Every journey has one table of moves, found here by its name."""

from hub.journeys.delivery import DELIVERY
from hub.journeys.handover import HANDOVER
from hub.journeys.machine import Machine
from hub.journeys.notice import NOTICE
from hub.journeys.reconvening import RECONVENING
from hub.journeys.referral import REFERRAL
from hub.journeys.strategy import STRATEGY

MACHINES: dict[str, Machine] = {
    machine.name: machine
    for machine in (REFERRAL, HANDOVER, STRATEGY, RECONVENING, NOTICE, DELIVERY)
}
