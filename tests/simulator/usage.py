"""Let a meter consume, and its tenant pay, in a pattern that follows from the seed alone."""

from bisect import bisect_right
from itertools import accumulate

DAY = 86_400
HOUR = 3_600
_MASK = (1 << 64) - 1

# Shares of the day by hour, in thousandths.
_ELECTRICITY = (
    *(20, 16, 14, 13, 13, 16, 30, 50, 48, 36, 32, 36),
    *(50, 44, 36, 34, 38, 50, 78, 96, 96, 76, 50, 28),
)
_WATER = (
    *(8, 4, 3, 3, 4, 14, 60, 104, 80, 46, 38, 44),
    *(66, 48, 30, 28, 36, 62, 84, 82, 70, 46, 28, 12),
)


def mix(seed: int, number: int, step: int) -> int:
    """Return a number that looks random and depends on nothing else."""
    x = (
        seed * 0xD6E8FEB86659FD93 + number * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + 1
    ) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    return x ^ (x >> 31)


class Usage:
    """Count in hundredths of kWh, m³ and yuan, from a first midnight on."""

    def __init__(
        self, *, seed: int, number: int, water: bool, start: int, factor: float, pays: bool
    ) -> None:
        """Choose the habits of one tenant; days are computed when they are asked for."""
        self.seed = seed
        self.number = number
        self.start = start
        self.price = 345 if water else 62
        self.first_balance = 4_000 + mix(seed, number, -1) % 12_000
        self._weights = _WATER if water else _ELECTRICITY
        self._shares = (0, *accumulate(self._weights))
        daily = (15, 45) if water else (300, 1_200)
        vacant = number % 17 == 16
        self._daily = 0 if vacant else int((daily[0] + mix(seed, number, -2) % daily[1]) * factor)
        self._factor = max(1, int(factor))
        self._pays = pays
        self._floor = (mix(seed, number, -3) % 3_500 - 500) * 100
        self._money = self.first_balance * 100
        self._uses: list[int] = []
        self._totals = [0]
        self.pay_times: list[int] = []
        self.pay_amounts: list[int] = []
        self._pay_totals = [0]

    def total(self, at: int) -> int:
        """Return the consumption from the start to a moment."""
        day, rest = divmod(at - self.start, DAY)
        if day < 0:
            return 0
        self._extend(day)
        hour, second = divmod(rest, HOUR)
        share = self._shares[hour] * HOUR + self._weights[hour] * second
        return self._totals[day] + self._uses[day] * share // (1_000 * HOUR)

    def paid(self, at: int) -> int:
        """Return the sum of the tenant's payments up to a moment."""
        self._extend((at - self.start) // DAY)
        return self._pay_totals[bisect_right(self.pay_times, at)]

    def payments(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Return time and amount of the payments from begin to end."""
        self._extend((end - self.start) // DAY)
        low = bisect_right(self.pay_times, begin - 1)
        high = bisect_right(self.pay_times, end)
        return list(zip(self.pay_times[low:high], self.pay_amounts[low:high], strict=True))

    def _extend(self, day: int) -> None:
        """Live on to the end of a day."""
        for number in range(len(self._uses), day + 1):
            dice = mix(self.seed, self.number, number)
            use = self._daily * (60 + dice % 81) // 100
            self._uses.append(use)
            self._totals.append(self._totals[-1] + use)
            self._money -= use * self.price
            if self._pays and self._money < self._floor:
                amount = (3_000, 5_000, 10_000, 20_000)[(dice >> 8) % 4] * self._factor
                self._money += amount * 100
                morning = self.start + (number + 1) * DAY + 8 * HOUR
                self.pay_times.append(morning + (dice >> 16) % (14 * HOUR))
                self.pay_amounts.append(amount)
                self._pay_totals.append(self._pay_totals[-1] + amount)


class Uploads:
    """Place the uploads of one meter in time: a phase of its own, and a little unevenness."""

    def __init__(self, base: int, every: int, seed: int, number: int) -> None:
        """Begin at a base."""
        self.base, self.every, self._seed, self._number = base, every, seed, number
        self._spread = every // 20 + 1

    def at(self, index: int) -> int:
        """Return the time of an upload."""
        if self._spread == 1:
            return self.base + index * self.every
        return self.base + index * self.every + mix(self._seed, self._number, index) % self._spread

    def count(self, until: int) -> int:
        """Return how many uploads there are up to a moment."""
        index = (until - self.base) // self.every
        return max(0, index + (self.at(index) <= until))
