"""Stand in for the platform: a real HTTP server whose meters live.

In a test (`socket_enabled` of pytest-homeassistant-custom-component lets it listen)::

    sim = Simulator(meters=8, limit=2.0, seed=1, dialect=Dialect(), upload_every=3600,
                    clock=..., accounts={"demo": "demo-password"}, delay=0.0)
    await sim.start()          # or: async with Simulator(...) as sim
    sim.url                    # "http://127.0.0.1:PORT"
    await sim.stop()           # start again: the same world, calls and tokens

`jitter`, `history_days` (400), `consumption` (factor), `wechat=False` (nobody pays by himself)
and `monotonic` (clock of the pace) are further arguments; `limit=0` counts nothing as early.
Where a test freezes the time, the world stands still, and the pace is still counted.

Looking: `calls`, `calls_of(interface)` (`Call`: interface, account, params without secrets,
arrived, answered, at, code, status, fault, early_by_arrival, early_by_answer, refused),
`early`, `early_by_arrival`, `early_by_answer`, `reset_counts()`, `strays` (method and path of
requests beside the platform's paths, such as a redirect followed), `ledger` (`Recharge`:
user_code, out_trade_no, amount, time, account, times_received, times_credited, credited),
`now()`, `meters[user_code]` (`SimMeter`).

A meter: `info()` (reading, balance, read_time, table_no, table_type), `records(begin, end)`,
`payments(begin, end)` (both ends inclusive, oldest first), `price`, `first_balance`; settable
`table_no`, `table_type`, `user_name`, `house_number`, `lists`, `record_filter` (a function on
the list of records: late, doubled, corrected ones); `set_reading(value, charge=True)`,
`replace(table_no, reading)`, `set_balance(value)`, `add_payment(amount, channel=,
order_number=, at=)`, `hide()`, `show()`, `remove()`.

The ledger of a meter holds to the cent: the differences of its records sum up to last − first
reading, and balance = first_balance − price × consumption + payments. Before the simulator was
made the meters uploaded hourly (or `upload_every`, when that is longer), since then every
`upload_every` seconds; they live from `history_days` before on, computed when asked for.

Changing: `set_dialect(**changes)`, `add_fault(Fault(kind=..., interface=..., times=1,
when="before"))`, `clear_faults()`, `set_password(account, new)`, `expire_tokens()` (1007),
`forget_tokens()` (1006), `rival_login()`, `deny_api(account)`, `restrict(account, codes)`,
`advance(seconds)`, `add_meter(...)`, `remove_meter(code)`, `delay`, `jitter`.
`single_changes()` names every single departure from the default dialect.

From another process: `python -m tests.simulator`, with `GET /control/state` (`?calls=N` last
calls, `?since=NUMBER`, `?meters=0`), `GET /control/meter/CODE` and JSON `POST`s to
`/control/faults`, `clear`, `reset`, `password`, `expire`, `forget`, `rival`, `restrict`, `deny`,
`dialect`, `clock` (`advance`), `delay`, `payment`, `meter`, `add_meter` and `remove_meter`.
"""

from .dialect import Dialect, single_changes
from .faults import Fault
from .meter import SimMeter
from .pace import Call
from .records import CST, Info, Payment, Record
from .simulator import Simulator
from .world import Recharge

__all__ = [
    "CST",
    "Call",
    "Dialect",
    "Fault",
    "Info",
    "Payment",
    "Recharge",
    "Record",
    "SimMeter",
    "Simulator",
    "single_changes",
]
