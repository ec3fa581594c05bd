"""Judges cost by the truth of a life, as exactly as its tariff lets it be known.

It shares no code with the product. The total is to be right to the cent, days by how the balance
follows the readings, and no hour may be below zero or above what use and charges explain. Days
left and unit price are those of the seven full days before, without charges.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from .driver import Look, Told
from .lives.life import Life
from .lives.line import DAY, HOUR, begins_month, day_begin, days, months
from .lives.tariffs import Kind, Settled
from .verdict import Rows, Verdict

_EXACT: Final = 1.1e-6
_CENT: Final = 0.0051
# Where the balance is settled by the month, nothing is known of a day.
_NOTHING: Final = float("inf")
_WEEK: Final = 9
_ENOUGH: Final = 6
_PATIENCE: Final = 60 * HOUR


class Cost:
    """Judges cost, days left and unit price."""

    def __init__(self, life: Life, told: Told, verdict: Verdict) -> None:
        """Find how exact the cost can be."""
        self.life, self.told, self.verdict = life, told, verdict
        self.rows = Rows(told.cost)
        self.tariff = life.tariff
        self.is_flat = self.tariff.kind in {Kind.FLAT, Kind.MONTHLY_FEE, Kind.SHARED}
        self.days = (life.end - life.installed) / DAY
        self.unclear = list(self._unclear())
        # What is settled first is, in part, of the time before the first balance was seen.
        settled = bisect_right(life.account.bills.times, life.installed)
        times = life.account.bills.times
        self.first_settled = times[settled] if settled < len(times) else life.end

    def judge(self) -> None:
        """Judge the total, the hours, the days, and the sensors."""
        if not self.rows.ends:
            if self._is_known_by_now():
                self.verdict.blame(
                    "no cost", self.life.end, None, self._true(self.life.installed, self.life.end)
                )
            return
        self._judge_total()
        self._judge_hours()
        self._judge_days()
        for look in self.told.looks:
            self._judge_look(look)

    def _true(self, begin: float, end: float) -> float:
        """Return what a span cost in truth; what is charged at midnight is of the day it begins."""
        charged = self.life.account.charged.between(begin - 1, end - 1)
        return self.life.cost.rise(begin, end) + charged / 100

    def _unclear(self) -> Iterator[tuple[int, int, float]]:
        """Yield the spans between polls in which an unknown credit hides what was spent.

        What was used since the last bill before, as while wrong readings are shown, may not be in
        the balance, whatever its price.
        """
        life = self.life
        behind = life.meter.cadence + self.tariff.delay
        for credit in self.life.account.credits:
            if credit.paid is not None and credit.entered - credit.paid < _PATIENCE:
                is_first = credit.paid < life.installed <= credit.entered
                # Before there is a price, use settled days later has none.
                if not is_first or self.tariff.settled is Settled.AT_ONCE:
                    continue
            before, after = self._polls_around(credit.entered)
            bills, charged = life.account.bills, life.account.charged
            spent = bills.between(before, after) + charged.between(before, after)
            billed = bisect_right(bills.times, before)
            since = min(before, bills.times[billed - 1] if billed else before) - behind
            yield before, after, spent / 100 + life.cost.rise(since, after)

    def _polls_around(self, time: int) -> tuple[int, int]:
        """Return the last poll before a time, and the first that isn't."""
        polls = self.life.polls
        index = bisect_left(polls, time)
        return polls[max(0, index - 1)], polls[min(index, len(polls) - 1)]

    def _is_known_by_now(self) -> bool:
        """Tell whether so much was settled that there must be some cost."""
        last = self.life.polls[-1]
        return self.life.account.bills.between(self.first_settled, last - DAY) > 0

    def _judge_total(self) -> None:
        """Compare the total with what the balance lost up to one of the last polls.

        Where days or months are billed, what was charged since the last bill waits for the next.
        """
        life, account = self.life, self.life.account
        first = life.polls[0]
        slack = _CENT + sum(spent for *_, spent in self.unclear)
        total = self.rows.sums[-1]
        lost = [
            (account.balance(first) - account.balance(poll) + account.entered.between(first, poll))
            / 100
            for poll in life.polls
            if poll > life.polls[-1] - _PATIENCE
        ]
        if self.tariff.settled in {Settled.DAILY, Settled.MONTHLY}:
            waits = account.charged.between(self.rows.ends[-1], life.polls[-1]) / 100
            lost += [loss - waits for loss in lost]
        error = min(abs(total - loss) for loss in lost)
        if not self.unclear:
            self.verdict.note("cost total", error)
        if error > slack:
            self.verdict.blame("total cost", self.rows.ends[-1], total, lost[-1])

    def _judge_hours(self) -> None:
        """Look for hours that cost less than nothing, or more than can be explained."""
        worst, worst_hour, allowed_most = 0.0, 0, 0.0
        before = 0.0
        for end, total in zip(self.rows.ends, self.rows.sums, strict=True):
            cost, before = total - before, total
            if cost < -_EXACT:
                self.verdict.blame("negative hour", end - HOUR, cost, 0)
                return
            charged = self._charges_near(end - HOUR)
            allowed = self._explained(end - HOUR) + charged
            if cost - allowed > worst:
                worst, worst_hour, allowed_most = cost - allowed, end - HOUR, allowed
            if not charged and self._is_sharp(end - HOUR) and self._is_sharp(end):
                self.verdict.note("cost hour", abs(cost - self._true(end - HOUR, end)))
        if worst:
            self.verdict.blame("hour too dear", worst_hour, worst + allowed_most, allowed_most)

    def _explained(self, hour: int) -> float:
        """Return what an hour may cost at most: dear use, what was charged, and a little."""
        behind = 0
        if self.tariff.settled in {Settled.QUARTER_LATER, Settled.HOURS_LATER}:
            behind = self.tariff.delay + 2 * HOUR
        elif self.tariff.settled is Settled.DAILY and self.days < 8:
            behind = 2 * DAY
        use = self.life.use.rise(hour - behind, hour + HOUR + behind)
        if not self.life.has_list and self.tariff.settled is Settled.DAILY:
            # Nothing says in which hours of the day it was.
            use = max(use, self.life.use.rise(day_begin(hour), day_begin(hour) + DAY) / 24)
        for begin, end in self.life.meter.uncertain:
            seen = end if self.life.has_list else self._polls_around(end)[1]
            if begin < hour + HOUR and hour < seen:
                use = max(use, self.life.use.rise(begin, end))
        explained = 1.02 + 4 * self.tariff.dearest * use
        if hour <= self.first_settled + 2 * HOUR:
            index = bisect_right(self.life.account.bills.times, self.first_settled)
            explained += self.life.account.bills.totals[index] / 100
        return explained

    def _charges_near(self, hour: int) -> float:
        """Return what was charged so that it may have been seen in an hour."""
        charged = 0.0
        for time, cents in self.life.account.fees:
            before, after = self._polls_around(time)
            if before - HOUR <= hour + HOUR and hour <= after + HOUR:
                # What was billed between the same looks can't be told from it.
                charged += (cents + self.life.account.bills.between(before, after)) / 100
        return charged

    def _judge_days(self) -> None:
        """Compare days and months with what they cost."""
        begin = max(self.life.installed, self.rows.ends[0] - HOUR)
        if self.tariff.settled is Settled.MONTHLY:
            begin = max(begin, self.first_settled)
        end = self.rows.ends[-1]
        for day in days(begin, end):
            self._judge_span("day", day, day + DAY, self._tolerance)
        for first, last in months(begin, end):
            self._judge_span(
                "month",
                first,
                last,
                max(self._tolerance, 0.005) if self._tolerance < _NOTHING else 0.01,
            )
        self._judge_end(end)

    def _judge_end(self, end: int) -> None:
        """Look whether the cost is told as far as it is settled.

        What is unusual may be a payment, which is known after the nightly look for payments. A
        meter that reports once a day, and is billed hours later, looks as if days were billed.
        """
        if self.tariff.settled is Settled.MONTHLY:
            return
        late = 30 * HOUR
        if not self.life.has_list or self.tariff.settled is Settled.DAILY or self._looks_daily:
            late = 54 * HOUR
        elif self.is_flat and self.tariff.settled is Settled.AT_ONCE:
            late = 8 * HOUR
        late += 2 * self.tariff.delay + self.life.meter.cadence
        if end < self.life.polls[-1] - late:
            self.verdict.blame("cost ends", end, None, 0)

    def _judge_span(self, name: str, begin: int, end: int, tolerance: float) -> None:
        """Compare a day or month with what it cost."""
        if not (self._is_sharp(begin) and self._is_sharp(end)):
            return
        cost, truth = self.rows.rise(begin, end), self._true(begin, end)
        allowed = max(tolerance * truth, 0.05) + self._blurred(begin, end)
        error = abs(cost - truth)
        self.verdict.note(f"cost {name}", error)
        if truth > 5:
            self.verdict.note(f"cost {name} %", 100 * error / truth)
        if error > allowed:
            self.verdict.blame(f"cost of a {name}", begin, cost, truth)

    @property
    def _tolerance(self) -> float:
        """Return by which part the cost of a day may be wrong."""
        kind = self.tariff.kind
        match self.tariff.settled:
            case Settled.MONTHLY | Settled.HOURS_LATER:
                return _NOTHING
            case Settled.DAILY if self.days < 8:
                return _NOTHING
            case Settled.DAILY:
                return 0.01 if kind is Kind.FLAT else 0.05
            case Settled.QUARTER_LATER:
                return 0.02
        return 0.02 if kind in {Kind.TIME_OF_USE, Kind.SHARED} else 0.005

    def _is_sharp(self, time: int) -> bool:
        """Tell whether balances tell what was spent up to a midnight."""
        if self._is_unread(time):
            return False
        if self.is_flat:
            return True
        apart = DAY + 4 * HOUR if self.tariff.settled is Settled.DAILY else 2 * HOUR
        before, after = self._polls_around(time)
        if after - before > 2 * HOUR:
            return False
        times = self.life.use.times
        index = bisect_left(times, time)
        if not 0 < index < len(times):
            return False
        if times[index] - times[index - 1] > 2 * HOUR:
            return False
        polls = self.life.polls
        near = polls[bisect_left(polls, time - apart) : bisect_right(polls, time + apart) + 1]
        return all(later - sooner <= 2 * HOUR for sooner, later in pairwise(near))

    def _blurred(self, begin: int, end: int) -> float:
        """Return what may lie on either side of the ends of a span."""
        blurred = sum(
            spent for before, after, spent in self.unclear if before < end and after > begin
        )
        for time, cents in self.life.account.fees:
            _, after = self._polls_around(time)
            for wrong, right in self.life.meter.uncertain:
                if wrong < time <= right and wrong < end and begin < right:
                    # Of what is taken while no use is known, nothing tells what was for use.
                    blurred += self.life.cost.rise(wrong, right)
            for edge in (begin, end):
                # What is charged is seen later, and a small charge looks like use.
                is_seen_later = time < edge <= after
                is_small = edge <= time <= edge + 5 * HOUR and self._is_small(time, cents)
                if is_seen_later or is_small:
                    blurred += cents / 100
        if self.tariff.settled is Settled.QUARTER_LATER:
            # Seen before it changes, the balance is that of the reading before, each time; what
            # it falls by after the next one is seen an hour later still.
            behind = self.tariff.delay + 2 * self.life.meter.cadence
            blurred += max(self._true(edge - behind, edge) for edge in (begin, end))
        if self.tariff.changes_at in {begin, end}:
            # The use between two readings around it has two prices, but one cost.
            edge = self.tariff.changes_at
            dear = self._true(edge - self.life.meter.cadence, edge + self.life.meter.cadence)
            blurred += abs(self.tariff.change - 1) * dear
        if end == self.rows.ends[-1]:
            # The last hour has what is billed of it; the rest comes with the next bill.
            blurred += self._true(end - HOUR, end)
        if not self.life.has_list:
            # Nothing but the balance says when between two looks it was used.
            blurred += sum(self._true(*self._polls_around(edge)) for edge in (begin, end))
        return blurred

    def _is_small(self, time: int, cents: int) -> bool:
        """Tell whether a charge looks like use that was not billed before it."""
        before, after = self._polls_around(time)
        bills = self.life.account.bills
        index = bisect_right(bills.times, before)
        billed = min(bills.times[index - 1] if index else before, before - 2 * HOUR)
        use = self.life.use.rise(billed - self.life.meter.cadence, after)
        return cents / 100 <= 4 * self.tariff.dearest * use + 1

    def _weeks(self, today: int) -> Iterator[tuple[int, int]]:
        """Yield the full days before a day that may be meant: seven; of fewer, three or more.

        The last day may not be known yet where a meter reports, or the balance is settled, once a
        day; then the first one may be known in full. The use of days before the installation may
        count too.
        """
        is_slow = self.life.meter.cadence == DAY or self.tariff.settled is not Settled.AT_ONCE
        first_full = day_begin(self.life.begin + DAY - 1)
        begin = max(first_full, day_begin(self.life.installed + DAY - 1) - DAY * is_slow)
        if today - 8 * DAY >= begin:
            yield today - 7 * DAY, today
            if is_slow:
                yield today - 8 * DAY, today - DAY
                yield today - 7 * DAY, today - DAY
            return
        known = max(today - 7 * DAY, first_full)
        for last in (today, today - DAY):
            if known < begin <= last - 3 * DAY:
                yield known, last
        for first in range(begin, today, DAY):
            for last in range(first + 3 * DAY, today + 1, DAY):
                yield first, last

    def _price_of_month(self, now: int) -> float | None:
        """Return the price of the last month that was settled, if months are."""
        first = next(day for day in range(now, 0, -DAY) if begins_month(day))
        if self.tariff.settled is not Settled.MONTHLY or first <= self.life.installed:
            return None
        begin = next(day for day in range(first - DAY, 0, -DAY) if begins_month(day))
        use = self.life.use.rise(begin, first)
        return self.life.cost.rise(begin, first) / use if use else None

    def _judge_look(self, look: Look) -> None:
        """Compare days left and unit price with those of the full days before."""
        is_calm = not (self.life.account.told or self.life.meter.told or self.unclear)
        if look.time < self.life.end - 60 * HOUR and not is_calm:
            return
        if self.life.meter.uncertain and not self.life.has_list:
            return
        truths = list(self._week(look))
        if not truths:
            return
        self._judge_yesterday(look)
        balance = Decimal(self.life.account.balance(look.time)) / 100
        is_close = self.tariff.kind in {Kind.FLAT, Kind.TIERS} and self.tariff.settled in {
            Settled.AT_ONCE,
            Settled.DAILY,
        }
        # Before a week is over it may be another price, and other days, that are known.
        days_known = (look.time - self.life.installed) / DAY
        part = 0.05 if is_close and days_known >= _WEEK else 0.15
        is_close &= days_known >= _ENOUGH
        known = [(cost, use) for cost, use in truths if cost > 0.1 and use > 0.1]
        if len(known) < len(truths):
            return
        left = [max(0.0, float(balance)) / cost for cost, _ in known]
        self._compare("days left", look.time, look.days_left, left, part, must=is_close)
        price = [cost / use for cost, use in known]
        must = is_close and self.life.has_list
        self._compare("unit price", look.time, look.unit_price, price, part, must=must)

    def _judge_yesterday(self, look: Look) -> None:
        """Compare the cost of yesterday; by the price of late it is estimated, and says so.

        Another price may hold for a day, but no cheaper and no dearer one than all. Where a month
        is billed yesterday is always estimated.
        """
        today = day_begin(look.time)
        if look.yesterday_cost is None or today - DAY < self.life.installed:
            return
        told, truth = float(look.yesterday_cost), self._true(today - DAY, today)
        is_unbilled = self.tariff.settled is Settled.MONTHLY and not begins_month(today)
        if is_unbilled and truth > 0.1 and not look.is_yesterday_estimated:
            self.verdict.blame("cost of yesterday is no estimate", today - DAY, told, truth)
        if self.tariff.settled is Settled.HOURS_LATER:
            return
        if not (self._is_sharp(today - DAY) and self._is_sharp(today)):
            return
        low = high = truth
        if look.is_yesterday_estimated:
            fees = truth - self.life.cost.rise(today - DAY, today)
            use = self.life.use.rise(today - DAY, today)
            low, high = (price * use + fees for price in (self.cheapest, self.tariff.dearest))
        part = self._tolerance if self._tolerance < _NOTHING else 0.15
        allowed = max(part * truth, 0.05) + self._blurred(today - DAY, today)
        if not low - allowed <= told <= high + allowed:
            self.verdict.blame("cost of yesterday", today - DAY, told, truth)

    @property
    def cheapest(self) -> float:
        """Return the lowest price that there may be."""
        price = min(price for _, price in self.tariff.tiers)
        return price * self.tariff.valley * min(1.0, self.tariff.change)

    def _compare(
        self,
        name: str,
        time: int,
        told: Decimal | None,
        truths: list[float],
        part: float,
        *,
        must: bool,
    ) -> None:
        """Compare a sensor's value with the values that are true, which lie near each other."""
        if told is None:
            if must:
                self.verdict.blame(f"{name} unknown", time, None, truths[0])
            return
        low, high = min(truths), max(truths)
        value = float(told)
        error = max(low - value, value - high, 0.0) / max(low, 0.01)
        self.verdict.note(f"{name} %", 100 * error)
        if error > part and abs(value - low) > 0.02:
            self.verdict.blame(name, time, value, truths[0])

    def _unlisted(self, first: int, last: int) -> float:
        """Return what was credited in a span, as far as nothing lists it."""
        unlisted = (item for item in self.life.account.credits if item.paid is None)
        return sum(item.cents for item in unlisted if first <= item.entered < last) / 100

    @property
    def _looks_daily(self) -> bool:
        """Tell whether the meter reports once a day and is billed hours later."""
        return self.life.meter.cadence == DAY and self.tariff.settled is Settled.HOURS_LATER

    def _is_unread_within(self, first: int, last: int) -> bool:
        """Tell whether wrong readings were shown in a span."""
        reports = self.life.meter.reports
        return any(first <= report.time < last for report in reports if not report.good)

    def _is_unread(self, time: int) -> bool:
        """Tell whether wrong readings were shown at a time."""
        return any(begin < time < end for begin, end in self.life.meter.uncertain)

    def _week(self, look: Look) -> Iterator[tuple[float, float]]:
        """Yield the mean cost and use of a day, of the days before that may be meant.

        Where a month is settled, only its price is known. Charges that look like use may be in it
        or not. A credit that nothing lists may hide what was spent: so an estimate is lower.
        """
        for first, last in self._weeks(day_begin(look.time)):
            count = (last - first) // DAY
            use = self.life.use.rise(first, last) / count
            cost = self.life.cost.rise(first, last)
            hidden = sum(
                spent for begin, end, spent in self.unclear if begin < last and first < end
            )
            if hidden and not look.is_price_estimated:
                # A little less looks like a lower price.
                hidden = min(hidden, self._unlisted(first, last))
            if hidden:
                yield max(0.0, cost - hidden) / count, use
            small = sum(
                cents
                for time, cents in self.life.account.fees
                if first - DAY <= time < last + DAY // 2 and self._is_small(time, cents)
            )
            yield cost / count, use
            if self.tariff.settled is Settled.DAILY and self._is_unread(first):
                # What no right reading told of at midnight is billed a day later.
                billed = self.life.account.bills.between(first + DAY // 2, last + DAY // 2)
                yield billed / 100 / count, use
            if self._looks_daily and self._is_unread_within(first - DAY, last):
                # As if days were billed, one bill beside wrong readings is for no use: a charge.
                yield cost * (count - 1) / count / count, use
            if (price := self._price_of_month(last)) is not None:
                yield price * use, use
            if small:
                yield (cost + small / 100) / count, use
