"""Let another process look at a simulator and change it, outside the documented paths."""

from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .dialect import Dialect
from .faults import Fault
from .pace import Call

if TYPE_CHECKING:
    from .simulator import Simulator

type Command = Callable[[Any], Any]


def routes(sim: Simulator) -> list[web.RouteDef]:
    """Return the control endpoint's routes."""
    commands: dict[str, Command] = {
        "faults": lambda args: _faults(sim, args),
        "clear": lambda _: sim.clear_faults(),
        "reset": lambda _: sim.reset_counts(),
        "password": lambda args: sim.set_password(args["account"], args["password"]),
        "expire": lambda args: sim.expire_tokens(args.get("account")),
        "forget": lambda args: sim.forget_tokens(args.get("account")),
        "rival": lambda args: _rival(sim, args),
        "restrict": lambda args: sim.restrict(args["account"], args["user_codes"]),
        "deny": lambda args: sim.deny_api(args["account"], denied=args.get("denied", True)),
        "dialect": lambda args: sim.set_dialect(**args),
        "clock": lambda args: sim.advance(args["advance"]),
        "delay": lambda args: _delay(sim, args),
        "payment": lambda args: _payment(sim, args),
        "meter": lambda args: _meter(sim, args),
        "add_meter": lambda args: sim.add_meter(**args).user_code,
        "remove_meter": lambda args: sim.remove_meter(args["user_code"]),
    }

    async def command(request: web.Request) -> web.Response:
        name = request.match_info["command"]
        if name not in commands:
            return _json({"error": f"unknown command {name}", "known": sorted(commands)}, 404)
        try:
            args = json.loads(await request.read() or b"{}")
            result = commands[name](args)
        except (AttributeError, KeyError, TypeError, ValueError, ArithmeticError) as err:
            return _json({"error": f"{type(err).__name__}: {err}"}, 400)
        return _json({"ok": True, "result": result})

    async def show(request: web.Request) -> web.Response:
        try:
            return _json(state(sim, request.query))
        except ValueError as err:
            return _json({"error": str(err)}, 400)

    async def records(request: web.Request) -> web.Response:
        meter = sim.meters.get(request.match_info["user_code"])
        if meter is None:
            return _json({"error": "unknown meter"}, 404)
        found = {"records": meter.records(), "payments": meter.payments(), "price": meter.price}
        return _json(found)

    return [
        web.get("/control/state", show),
        web.get("/control/meter/{user_code}", records),
        web.post("/control/{command}", command),
    ]


def state(sim: Simulator, query: Any) -> dict[str, Any]:
    """Return all there is to see; `calls` is how many of the last calls, `meters` 0 for none."""
    count = int(query.get("calls", len(sim.calls)))
    since = int(query.get("since", 0))
    last = sim.calls[max(0, len(sim.calls) - count) :]
    meters = sim.meters if query.get("meters", "1") != "0" else {}
    return {
        "url": sim.url,
        "now": sim.now(),
        "limit": sim.limit,
        "early": sim.early,
        "early_by_arrival": sim.early_by_arrival,
        "early_by_answer": sim.early_by_answer,
        "call_count": len(sim.calls),
        "calls": [_call(call) for call in last if call.number > since],
        "strays": sim.strays,
        "ledger": sim.ledger,
        "faults": len(sim.faults.active),
        "dialect": sim.dialect,
        "meters": {
            code: {
                **asdict(meter.info(credit_delay=sim.dialect.credit_delay)),
                "user_name": meter.user_name,
                "house_number": meter.house_number,
                "lists": meter.lists,
                "hidden": meter.hidden,
                "price": meter.price,
            }
            for code, meter in meters.items()
        },
    }


def _call(call: Call) -> dict[str, Any]:
    """Return a call's fields."""
    names = (field.name for field in fields(call) if field.name != "gone")
    return {name: getattr(call, name) for name in names}


def _faults(sim: Simulator, args: Any) -> int:
    """Add one fault or a list; `body` is text."""
    for item in args if isinstance(args, list) else [args]:
        details = dict(item)
        if isinstance(details.get("body"), str):
            details["body"] = details["body"].encode()
        sim.add_fault(Fault(**details))
    return len(sim.faults.active)


def _rival(sim: Simulator, args: Any) -> None:
    """Log in as somebody else; the token holds a password and is not shown."""
    sim.rival_login(args.get("account", "demo"))


def _delay(sim: Simulator, args: Any) -> None:
    """Set delay and jitter of all answers."""
    sim.delay = float(args.get("delay", sim.delay))
    sim.jitter = float(args.get("jitter", sim.jitter))


def _payment(sim: Simulator, args: Any) -> Any:
    """Let somebody pay."""
    details = dict(args)
    return sim.add_payment(details.pop("user_code"), details.pop("amount"), **details)


def _meter(sim: Simulator, args: Any) -> None:
    """Change a meter: hidden, table_no, table_type, user_name, reading, balance."""
    meter = sim.meters[args["user_code"]]
    for name in ("hidden", "table_no", "table_type", "user_name", "house_number"):
        if name in args:
            setattr(meter, name, args[name])
    if "reading" in args:
        meter.set_reading(args["reading"], charge=args.get("charge", True))
    if "balance" in args:
        meter.set_balance(args["balance"])


def _json(value: Any, status: int = 200) -> web.Response:
    """Return JSON; amounts as text, times in ISO form."""
    return web.Response(
        text=json.dumps(value, default=_plain, ensure_ascii=False),
        status=status,
        content_type="application/json",
    )


def _plain(value: Any) -> Any:
    """Return what JSON can hold."""
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Dialect):
        return asdict(value)
    return {field.name: getattr(value, field.name) for field in fields(value)}
