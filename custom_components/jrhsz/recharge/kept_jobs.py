"""The batches of an earlier run of Home Assistant as jobs, as far as the journal knows them.

What became of orders is in the journal; what was read and refused before a restart isn't.
"""

from collections.abc import Container
from datetime import timedelta
from typing import Final

from homeassistant.core import Context, HomeAssistant
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..coordinator import JrhszConfigEntry
from ..settings import ChosenMeter, chosen_meters
from .batch import KeptBatch, kept_batches
from .job import Job, Row
from .limits import refusal
from .order import Order, Status
from .orders import DATA_ORDERS
from .request import AccountMeter, CreditedMeter, Request
from .send import async_outcome
from .words import async_told, async_user_name

_SHOWN: Final = timedelta(days=1)


async def async_kept_jobs(hass: HomeAssistant, but: Container[str]) -> list[Job]:
    """Return the jobs of batches that aren't settled, or were a day ago; oldest first.

    Those with some names are left out, and those of accounts that are gone.
    """
    journal = hass.data[DATA_ORDERS].journal
    jobs: list[Job] = []
    for kept in kept_batches(journal):
        account_id = kept.batch.account_id
        entry: JrhszConfigEntry | None = hass.config_entries.async_entry_for_domain_unique_id(
            DOMAIN, account_id
        )
        if kept.batch.name in but or entry is None:
            continue
        found: dict[str, Order] = {}
        for order in journal.of_account(account_id, kept.begun):
            # An attempt that may have been credited counts, else the last one.
            last = found.get(order.user_code)
            if order.batch == kept.batch.name and (not last or last.status is Status.REJECTED):
                found[order.user_code] = order
        codes = dict.fromkeys([*kept.user_codes, *found])
        ended = max((kept.begun, *(order.ended for order in found.values())))
        is_open = any(order.is_open for order in found.values())
        if not codes or not (is_open or dt_util.utcnow() - ended < _SHOWN):
            continue
        chosen = chosen_meters(entry.options)
        rows = dict[str, Row]()
        for code in codes:
            meter = _meter(entry, code, found.get(code), chosen.get(code))
            rows[code] = _row(hass, meter, kept, found.get(code))
        user = await async_user_name(hass, kept.user_id)
        jobs.append(
            Job(kept.batch, rows, dry_run=False, user=user, begun=kept.begun, is_running=False)
        )
    return sorted(jobs, key=lambda job: job.begun)


def _meter(
    entry: JrhszConfigEntry, user_code: str, order: Order | None, chosen: ChosenMeter | None
) -> CreditedMeter:
    """Return a meter as people know it, or knew it when an order was sent for it."""
    if (coordinator := AccountMeter(entry=entry, user_code=user_code).coordinator) is not None:
        return CreditedMeter.of(coordinator)
    return CreditedMeter(
        entry=entry,
        user_code=user_code,
        device_id=order.device_id if order else "",
        name=order.meter if order else chosen.device_name if chosen else user_code,
    )


def _row(hass: HomeAssistant, meter: CreditedMeter, kept: KeptBatch, order: Order | None) -> Row:
    """Return what is known of a meter of a batch."""
    batch = kept.batch
    request = Request(
        amount=batch.amount,
        up_to=batch.up_to,
        only_below=batch.only_below,
        batch=batch.name,
        context=Context(user_id=kept.user_id),
    )
    row = Row(meter, request, batch.amount)
    if order is not None:
        row.outcome = async_outcome(hass, meter, order.number)
    else:
        row.refusal = async_told(hass, refusal(key="restarted"))
    return row
