"""Tests of interfaces that aren't permitted, over sockets."""

from datetime import timedelta

import aiohttp
import pytest

from custom_components.jrhsz.api import Client, Interface, NotPermittedError
from tests.simulator import Fault, Simulator

from ..support.calls import METER, outcomes
from .conftest import PASSWORD, WallClock


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
    stays: bool,  # noqa: FBT001
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
    """What a thousand calls wait for is denied once."""
    simulator.set_dialect(forbidden=("GetUserInfo",))
    found = await outcomes(*(client.get_meter(METER) for _ in range(1000)))
    assert {type(outcome) for outcome in found} == {NotPermittedError}
    assert len(simulator.calls_of("GetUserInfo")) == 1


async def test_denial_ends_with_new_credentials(
    client: Client, simulator: Simulator, http: aiohttp.ClientSession
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
