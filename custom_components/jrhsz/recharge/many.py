"""Crediting many meters as a job, whoever waits for it or goes away."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..api import PlatformError, Priority
from ..const import DOMAIN
from .batch import Batch
from .job import WAITING, Job, Row, sum_of
from .kept_jobs import async_kept_jobs
from .limits import limits_of_day, newest_order, refusal, refuse_above_limit, refuse_while_stopping
from .orders import DATA_ORDERS, EVENT_RECHARGE
from .request import CreditedMeter, Request
from .send import DRY_RUN, NOT_NEEDED, async_outcome, async_recharge
from .words import async_told, async_user_name

# As many are read and sent at once as keep the platform busy; others want their turn as well.
_AT_ONCE: Final = 6
# Seconds after its begin: sixty meters take at most three minutes.
_ANSWER: Final = 170
# By then an order that was neither confirmed nor refused was looked up once.
_FIRST_LOOK: Final = timedelta(seconds=25)
_KEPT: Final = timedelta(days=1)


class Jobs:
    """The batches under way, and those of the last day; one at a time for each account."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start without any."""
        self.jobs: list[Job] = []
        self._hass = hass
        self._orders = hass.data[DATA_ORDERS]
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._followers: list[Callable[[Job, Sequence[Row]], None]] = []
        self._settled = asyncio.Event()
        hass.bus.async_listen(EVENT_RECHARGE, self._async_note_outcome)
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._async_stop)

    async def async_take_over(self) -> None:
        """Take over the batches of an earlier run of Home Assistant, if its journal can be read."""
        with suppress(HomeAssistantError):
            await self._orders.async_require_journal()
            known = {job.batch.name for job in self.jobs if not job.dry_run}
            kept = await async_kept_jobs(self._hass, known)
            known = {job.batch.name for job in self.jobs if not job.dry_run}
            self.jobs = [*(job for job in kept if job.batch.name not in known), *self.jobs]

    @callback
    def async_follow(self, follower: Callable[[Job, Sequence[Row]], None]) -> CALLBACK_TYPE:
        """Tell somebody of each job that changes, and of its rows that do."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    async def async_start(
        self,
        batch: Batch,
        meters: Sequence[CreditedMeter],
        request: Request,
        *,
        is_preview: bool = False,
    ) -> Job:
        """Start a batch as a job, or join it if it is under way for these meters.

        A preview takes the place of the user's last one, and goes on with what that has read.
        Raises HomeAssistantError if it is refused at once.
        """
        await self._orders.async_require_journal()
        user = await async_user_name(self._hass, request.context.user_id)
        batch.begun(self._orders.journal)
        for job in self.jobs:
            is_same = job.is_running and not job.dry_run and job.batch.name == batch.name
            if not is_same or request.dry_run:
                continue
            if job.batch != batch:
                raise refusal(
                    key="batch_differs",
                    batch=batch.name,
                    date=f"{dt_util.as_local(job.begun):%Y-%m-%d}",
                )
            if {meter.user_code for meter in meters} <= job.rows.keys():
                return job
        seen = self._seen(batch, request) if is_preview and not request.dry_run else {}
        rows = {
            code: Row(meter, replace(request, newest=seen.get(code)), request.amount)
            for code, meter in ((meter.user_code, meter) for meter in meters)
        }
        job = Job(batch, rows, request.dry_run, user, is_preview and request.dry_run)
        if job.is_preview:
            self._replace(job)
        oldest = dt_util.utcnow() - _KEPT
        self.jobs = [other for other in self.jobs if other.is_running or other.begun > oldest]
        self.jobs.append(job)
        job.task = self._hass.async_create_background_task(
            self._async_run(job), f"{DOMAIN} batch {batch.name}", eager_start=False
        )
        self._tell(job, *rows.values())
        return job

    def _seen(self, batch: Batch, request: Request) -> dict[str, str | None]:
        """Return which order of each meter was the newest when its user was told of it last.

        What another one credited since the preview isn't credited once more; whoever tries again
        has read of it.
        """
        return {
            code: row.newest
            for job in self.jobs
            if job.batch.name == batch.name and job.user_id == request.context.user_id
            for code, row in job.rows.items()
        }

    def _replace(self, job: Job) -> None:
        """Let a preview take the place of those before."""
        for other in self.jobs:
            if not other.is_preview or (other.user, other.meter.entry) != (
                job.user,
                job.meter.entry,
            ):
                continue
            if other.is_running and other.task is not None:
                other.task.cancel()
            for row in other.rows.values():
                look = row.outcome.look if row.outcome else None
                if look is not None and (new := job.rows.get(row.meter.user_code)) is not None:
                    new.request = replace(new.request, look=look)

    async def async_wait(self, job: Job) -> None:
        """Wait until a job is done; raise the error that refused it whole."""
        if job.task is not None:
            await asyncio.shield(job.task)
        if job.error is not None:
            raise job.error

    async def _async_run(self, job: Job) -> None:
        """Do a job when it is its turn."""
        try:
            # What only checks is in nobody's way.
            async with nullcontext() if job.dry_run else self._turns[job.batch.account_id]:
                await self._async_credit(job)
        except HomeAssistantError as err:
            job.error = err
        except asyncio.CancelledError:
            job.error = refusal(key="preview_replaced")
            raise
        finally:
            job.is_running = False
            self._tell(job)

    async def _async_credit(self, job: Job) -> None:
        """See what there is already, check all before anything is sent, then send."""
        end = self._hass.loop.time() + _ANSWER
        journal, batch = self._orders.journal, job.batch
        batch.begun(journal)
        refuse_while_stopping(self._hass)
        refuse_above_limit(job.meter, batch.amount)
        for row in job.rows.values():
            row.request = batch.request(journal, row.meter, row.request)
        await self._async_each(job, self._async_find_earlier)
        self._tell(job, *(row for row in job.rows.values() if row.earlier))
        if job.dry_run or batch.amount is None or batch.only_below is not None:
            await self._async_each(job, self._async_check, is_told=True)
        left = [row for row in job.rows.values() if row.status in {WAITING, DRY_RUN}]
        whole = sum_of(row.wanted for row in left)
        _, of_account = limits_of_day(journal, job.meter)
        of_account.refuse_beyond(
            whole, "batch_above_limit", count=str(len(left)), sum=f"{whole:.2f}"
        )
        if job.waiting:
            await batch.async_begin(journal, job.rows, job.user_id)
            await self._async_each(job, self._async_send, is_told=True)
            await self._async_wait_for_open(job, end)

    async def _async_each(
        self, job: Job, act: Callable[[Job, Row], Awaitable[None]], *, is_told: bool = False
    ) -> None:
        """Do something with each row that waits, a few at a time; one's failure stops no other."""
        turns = asyncio.Semaphore(_AT_ONCE)

        async def async_act(row: Row) -> None:
            """Do it with one when it is its turn."""
            async with turns:
                try:
                    await act(job, row)
                except HomeAssistantError as err:
                    row.refusal = async_told(self._hass, err)
            if is_told:
                self._tell(job, row)

        results = await asyncio.gather(*map(async_act, job.waiting), return_exceptions=True)
        if errors := [result for result in results if result is not None]:
            raise errors[0]

    async def _async_find_earlier(self, job: Job, row: Row) -> None:
        """Take an order over that an earlier call sent, looked up again if it is open."""
        orders = self._orders
        order = orders.journal.orders.get(row.request.order_number or "")
        if order is not None and order.is_open:
            with suppress(PlatformError):
                await orders.async_look_up(row.meter, [order], Priority.USER)
            # If it is known to be rejected now, the next attempt is due.
            row.request = job.batch.request(orders.journal, row.meter, row.request)
            order = orders.journal.orders.get(row.request.order_number or "")
        if order is not None:
            row.outcome = async_outcome(self._hass, row.meter, order.number)
            row.earlier = True

    async def _async_check(self, job: Job, row: Row) -> None:
        """See what is to be sent for a meter, and what is in the way."""
        request = replace(row.request, dry_run=True)
        outcome = await async_recharge(self._hass, row.meter, request)
        row.wanted = outcome.amount
        if job.dry_run or outcome.status == NOT_NEEDED:
            row.outcome = outcome
        else:
            row.request = replace(row.request, look=outcome.look)

    async def _async_send(self, job: Job, row: Row) -> None:
        """Send the order of a meter, if that is still needed."""
        del job
        row.outcome = await async_recharge(self._hass, row.meter, row.request)

    async def _async_wait_for_open(self, job: Job, end: float) -> None:
        """Wait for the orders that will be settled before the caller is to be answered."""
        loop = self._hass.loop
        while not self._hass.is_stopping:
            until = max(self._settled_by(row, end) for row in job.rows.values())
            if until <= loop.time():
                break
            self._settled.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout_at(until):
                    await self._settled.wait()

    def _settled_by(self, row: Row, end: float) -> float:
        """Return until when it is worth waiting for a row's order, in the loop's time."""
        order = self._orders.journal.orders.get(row.sent_number or "")
        if order is None or not order.is_open:
            return 0
        now, age = self._hass.loop.time(), dt_util.utcnow() - order.ended
        patience = self._orders.delays_of(order, row.meter.entry).patience(order)
        if patience is None:
            return min(now + (_FIRST_LOOK - age).total_seconds(), end)
        return end if now + (patience - age).total_seconds() < end else 0

    @callback
    def _async_note_outcome(self, event: Event[Any]) -> None:
        """Take over what became of an order, also after its job was done."""
        number = event.data.get("order_number")
        if number in self._orders.journal.orders:
            for job in self.jobs:
                for row in job.rows.values():
                    if row.sent_number == number:
                        row.outcome = async_outcome(self._hass, row.meter, number)
                        self._tell(job, row)
        self._settled.set()

    @callback
    def _async_stop(self, _: Event) -> None:
        """Wait for nothing more."""
        self._settled.set()

    @callback
    def _tell(self, job: Job, *rows: Row) -> None:
        """Tell who follows the jobs what changed."""
        for row in rows:
            newest = newest_order(self._orders.journal, row.meter)
            row.newest = newest.number if newest else ""
        for follower in list(self._followers):
            follower(job, rows)


DATA_JOBS: HassKey[Jobs] = HassKey(f"{DOMAIN}_jobs")


@callback
def async_jobs(hass: HomeAssistant) -> Jobs:
    """Return the batches of this process."""
    if DATA_JOBS not in hass.data:
        hass.data[DATA_JOBS] = Jobs(hass)
    return hass.data[DATA_JOBS]
