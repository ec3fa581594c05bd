"""Show a real Home Assistant with live meters of a simulated platform, until Ctrl-C."""

import argparse
import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
import shutil
import signal
import socket
import sys
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

from tests.support.hass_process import HOST, HassProcess, HassProcessError
from tests.support.live import (
    ShownMeter,
    SimulatorProcess,
    add_account,
    set_options,
    wait_for_readings,
)

FOLDER = Path(__file__).parents[1] / ".cache"
UPLOAD_EVERY = 60
LIMIT = 2.0
SHANGHAI = ZoneInfo("Asia/Shanghai")
HEADER = ("meter", "kind", "reading", "unit", "balance", "read at")
KINDS = {"energy": "electricity", "water": "water"}
NUMBERS = (2, 4)


def main() -> int:
    """Run the demo and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--meters", type=int, default=8, help="how many (8)")
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant (8123)")
    parser.add_argument("--language", default="en", help="en or zh-Hans")
    parser.add_argument(
        "--check",
        action="store_true",
        help="end after the table; fail if a value is missing or wrong, or a call came early",
    )
    arguments = parser.parse_args()
    if not is_free(arguments.port):
        say(f"port {arguments.port} is in use: end what listens there, or choose another --port")
        return 1
    try:
        return asyncio.run(run(arguments))
    except HassProcessError as error:
        say(str(error))
        return 1
    except KeyboardInterrupt, asyncio.CancelledError:
        say("stopped")
        return 130


async def run(arguments: argparse.Namespace) -> int:
    """Start both servers, add the account and print what Home Assistant shows."""
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    folder = FOLDER / f"demo-{arguments.port}"
    shutil.rmtree(folder, ignore_errors=True)
    simulator = SimulatorProcess(
        *("--meters", str(arguments.meters)),
        *("--limit", str(LIMIT)),
        *("--upload-every", str(UPLOAD_EVERY)),
    )
    hass = HassProcess(
        folder,
        port=arguments.port,
        integrations=("energy", "history", "logbook"),
        language=arguments.language,
    )
    async with simulator:
        say(f"the simulated platform listens on {simulator.url}")
        say("starting Home Assistant (the first time it installs packages: about a minute)")
        async with hass:
            say("adding the account through the config flow")
            entry_id = await add_account(hass, simulator.url)
            await set_options(hass, entry_id, scan_interval=1)
            say("waiting for the first readings")
            meters, wrong = await wait_for_readings(
                hass, simulator, entry_id, limit=60 + 4 * LIMIT * arguments.meters
            )
            print_table(meters.values())
            early = (await simulator.state())["early"]
            report(wrong, early)
            print(f"\n{hass.url}  login: {hass.username}, password: {hass.password}")
            if arguments.check:
                return 1 if wrong or early or len(meters) != arguments.meters else 0
            print("Ctrl-C ends it.", flush=True)
            await hass.wait()
            msg = f"Home Assistant ended by itself; its log is {hass.log_file}"
            raise HassProcessError(msg)


def report(wrong: Mapping[str, Iterable[str]], early: int) -> None:
    """Print what is not as it should be."""
    for code, found in wrong.items():
        say(f"meter {code}: {'; '.join(found)}")
    say(f"calls that came too early, as the platform counts them: {early}")


def print_table(meters: Iterable[ShownMeter]) -> None:
    """Print one line per meter."""
    rows = [HEADER, *sorted(row(meter) for meter in meters)]
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    print()
    for cells in rows:
        padded = (
            " " * (size - width(cell)) + cell if i in NUMBERS else cell + " " * (size - width(cell))
            for i, (cell, size) in enumerate(zip(cells, widths, strict=True))
        )
        print("  ".join(padded).rstrip())
    print(flush=True)


def row(meter: ShownMeter) -> tuple[str, ...]:
    """Return the cells of a meter."""
    device_class, unit = meter.form("reading")
    reading, balance = meter.number("reading"), meter.number("balance")
    read_at = meter.read_at
    return (
        meter.name,
        KINDS.get(device_class or "", "-"),
        "-" if reading is None else f"{reading:.2f}",
        unit or "-",
        "-" if balance is None else f"{balance:.2f} {meter.form('balance')[1]}",
        "-" if read_at is None else f"{read_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}",
    )


def width(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def is_free(port: int) -> bool:
    """Return whether nothing listens on a port."""
    with suppress(OSError), socket.create_server((HOST, port)):
        return True
    return False


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"demo: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
