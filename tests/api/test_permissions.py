"""Tests of interfaces that aren't permitted, over sockets."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from custom_components.jrhsz.api import (
    Client,
    CodeDeniedError,
    Http,
    Interface,
    InterfaceDeniedError,
    NotPermittedError,
    Session,
)
from tests.simulator import Fault, Simulator

from ..support.calls import DAY, METER, NOON, logins, outcomes
from .conftest import PASSWORD, WallClock

OTHER = "2022040002"


@pytest.mark.parametrize("code", [1009, 1002])
async def test_not_permitted_with_a_young_token(
    client: Client, simulator: Simulator, clock: WallClock, code: int
) -> None:
    """An interface that isn't permitted is not called again for a day."""
    simulator.set_dialect(forbidden=("getBuildCode",), forbidden_code=code)
    for _ in range(3):
        with pytest.raises(NotPermittedError) as caught:
            await client.get_buildings()
        assert caught.value.interface == "getBuildCode"
        assert caught.value.until == clock.now + timedelta(hours=24)
        assert str(caught.value) == "getBuildCode is not permitted for this account"
    assert [call.interface for call in simulator.calls] == ["login", "getBuildCode"]
    assert client.session.denied == {"getBuildCode": clock.now + timedelta(hours=24)}
    with pytest.raises(NotPermittedError):
        client.session.raise_if_denied(Interface.BUILDINGS)
    client.session.raise_if_denied(Interface.METER)
    await client.get_meter(METER)
    simulator.set_dialect(forbidden=())
    clock.advance(hours=24)
    assert client.session.denied == {}
    last_denied = [client.session.last_denied]
    assert await client.get_buildings()
    last_denied.append(client.session.last_denied)
    assert last_denied == [{"getBuildCode"}, set()]


@pytest.mark.parametrize("stays", [True, False])
async def test_not_permitted_with_an_old_token(
    client: Client,
    simulator: Simulator,
    clock: WallClock,
    stays: bool,  # noqa: FBT001  parametrized
) -> None:
    """A token that is older than 10 minutes is replaced once before that is believed."""
    await client.get_meter(METER)
    clock.advance(minutes=10)
    simulator.add_fault(
        Fault(kind="code", code=1009, interface="GetUserInfo", times=None if stays else 1)
    )
    if stays:
        with pytest.raises(NotPermittedError):
            await client.get_meter(METER)
    else:
        await client.get_meter(METER)
    names = [call.interface for call in simulator.calls]
    assert names == ["login", "GetUserInfo", "GetUserInfo", "login", "GetUserInfo"]
    assert bool(client.session.denied) is stays
    assert not client.session.contested


async def test_waiting_calls_are_not_made_once_denied(client: Client, simulator: Simulator) -> None:
    """What a thousand calls wait for is denied twice: the first time could be about one code."""
    simulator.set_dialect(forbidden=("GetUserInfo",))
    found = await outcomes(*(client.get_meter(METER) for _ in range(1000)))
    assert type(found[0]) is CodeDeniedError
    assert {type(outcome) for outcome in found[1:]} == {NotPermittedError}
    assert len(simulator.calls_of("GetUserInfo")) == 2


@pytest.mark.parametrize("code", [1009, 1002])
@pytest.mark.parametrize("minutes", [0, 30, 130])
async def test_one_code_that_is_denied(
    client: Client, simulator: Simulator, clock: WallClock, code: int, minutes: int
) -> None:
    """What others are permitted is denied to that code alone, also after the next login."""
    simulator.set_dialect(forbidden_code=code, denied_codes=(OTHER,))
    for _ in range(3):
        await client.get_meter(METER)
        for name in (OTHER, OTHER):
            with pytest.raises(CodeDeniedError) as caught:
                await client.get_meter(name)
            assert caught.value.code == code
        clock.advance(minutes=minutes)
        with pytest.raises(CodeDeniedError):
            await client.get_meter(OTHER)
    assert client.session.denied == {}
    assert logins(simulator) == (3 if minutes > 115 else 1) + (minutes > 115)


@pytest.mark.parametrize("code", [1009, 1002])
@pytest.mark.parametrize("minutes", [0, 30])
async def test_first_code_is_the_one_that_is_denied(
    client: Client, simulator: Simulator, clock: WallClock, code: int, minutes: int
) -> None:
    """Where nothing was answered yet, one code that is denied says nothing about the others."""
    simulator.set_dialect(forbidden_code=code, denied_codes=(METER,))
    await client.get_buildings()
    clock.advance(minutes=minutes)
    with pytest.raises(CodeDeniedError):
        await client.get_meter(METER)
    assert client.session.denied == {}
    for _ in range(3):
        await client.get_meter(OTHER)
        with pytest.raises(CodeDeniedError):
            await client.get_meter(METER)
    assert client.session.denied == {}
    assert logins(simulator) == 1 + (minutes > 10)


async def test_first_building_is_the_one_that_is_denied(
    client: Client, simulator: Simulator
) -> None:
    """The same of lists; what isn't about anything in particular is about the account."""
    for name in ("getUserCodeByAccount", "addressUserInfo"):
        simulator.add_fault(Fault(kind="code", code=1009, interface=name))
    with pytest.raises(CodeDeniedError):
        await client.get_rooms("gzfh-1-d")
    assert len(await client.get_rooms("gzfh-1-s")) == 2
    # Without its building an address is read.
    assert len(await client.get_rooms_at((await client.get_addresses())[0])) == 4
    simulator.add_fault(Fault(kind="code", code=1009, interface="getAddress"))
    with pytest.raises(NotPermittedError):
        await client.get_addresses()


@pytest.mark.parametrize("first", [0, 1])
async def test_permission_that_is_withdrawn(
    client: Client, simulator: Simulator, clock: WallClock, first: int
) -> None:
    """Once those are denied, too, that were answered about last, it is about the account."""
    codes = list(simulator.meters)[:3]
    for code in codes:
        await client.get_meter(code)
    simulator.set_dialect(forbidden=("GetUserInfo",))
    found = [type(err) for err in await outcomes(*(client.get_meter(code) for code in codes))]
    assert found == [CodeDeniedError, CodeDeniedError, NotPermittedError]
    client.session.allow(Interface.METER)
    clock.advance(minutes=first)
    with pytest.raises(NotPermittedError):
        await client.get_meter(codes[0])
    simulator.set_dialect(forbidden=())
    client.session.allow(Interface.METER)
    await client.get_meter(codes[0])
    assert client.session.last_denied == set()


async def test_permissions_hold_over_a_restart(
    client: Client, simulator: Simulator, make_session: Callable[..., Session]
) -> None:
    """The first meter that is asked about may be the one that is denied."""
    for code in list(simulator.meters)[:3]:
        await client.get_meter(code)
    simulator.set_dialect(denied_codes=(METER,))
    again = Client(make_session().restore(client.session.as_dict()))
    with pytest.raises(CodeDeniedError):
        await again.get_meter(METER)
    await again.get_meter(OTHER)


async def test_two_meters_of_which_one_is_denied(client: Client, simulator: Simulator) -> None:
    """One that never answered says nothing about one that did."""
    simulator.set_dialect(denied_codes=(OTHER,))
    await client.get_meter(METER)
    for _ in range(3):
        with pytest.raises(CodeDeniedError):
            await client.get_meter(OTHER)
    await client.get_meter(METER)


@pytest.mark.parametrize("name", ["getUserCodeByAccount", "GetPaymentList", "GetConsumenList"])
async def test_other_subjects(client: Client, simulator: Simulator, name: str) -> None:
    """Lists are judged as meters are: by whom they are about."""
    ask: dict[str, Callable[[str], Awaitable[Any]]] = {
        "getUserCodeByAccount": client.get_rooms,
        "GetPaymentList": lambda code: client.get_payments(code, NOON - DAY, NOON),
        "GetConsumenList": lambda code: client.get_consumption(code, NOON - DAY, NOON),
    }
    await ask[name](METER)
    simulator.add_fault(Fault(kind="code", code=1009, interface=name))
    with pytest.raises(CodeDeniedError):
        await ask[name](OTHER)
    await ask[name](OTHER)
    assert client.session.denied == {}


async def test_recharge_that_is_denied_to_one_meter(client: Client, simulator: Simulator) -> None:
    """The others may go on."""
    await client.prestore(METER, "HA1", Decimal(1))
    simulator.set_dialect(denied_codes=(OTHER,))
    with pytest.raises(InterfaceDeniedError):
        await client.prestore(OTHER, "HA2", Decimal(1))
    await client.prestore(METER, "HA3", Decimal(1))
    assert [order.out_trade_no for order in simulator.ledger] == ["HA1", "HA3"]


async def test_person_who_says_try_again(client: Client, simulator: Simulator) -> None:
    """A denial is over when somebody says so; that is worth keeping."""
    simulator.set_dialect(forbidden=("Prestore",))
    with pytest.raises(InterfaceDeniedError):
        await client.prestore(METER, "HA1", Decimal(1))
    simulator.set_dialect(forbidden=())
    with pytest.raises(NotPermittedError):
        await client.prestore(METER, "HA2", Decimal(1))
    changes: list[bool] = []
    client.session.on_change = changes.append
    client.session.allow(Interface.RECHARGE)
    client.session.allow(Interface.RECHARGE)
    assert changes == [False]
    await client.prestore(METER, "HA3", Decimal(1))


async def test_denial_ends_with_new_credentials(
    client: Client, simulator: Simulator, http: Http
) -> None:
    """Somebody who signs in again has had something changed."""
    simulator.set_dialect(forbidden=("getBuildCode",))
    with pytest.raises(NotPermittedError):
        await client.get_buildings()
    client.session.use(PASSWORD, http)
    assert client.session.denied
    simulator.set_dialect(forbidden=())
    await client.session.sign_in(PASSWORD, http)
    assert await client.get_buildings()
    client.session.deny(Interface.BUILDINGS)
    client.session.use("another", http)
    assert client.session.denied == {}
