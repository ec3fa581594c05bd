"""What tests of the import share."""

from types import SimpleNamespace
from typing import cast

from custom_components.jrhsz.api import MeterKind
from custom_components.jrhsz.coordinator import MeterCoordinator
from custom_components.jrhsz.history.state import MeterHistory

ACCOUNT = "example.com/demo"


def meter_of(code: str = "1", kind: MeterKind = MeterKind.ELECTRICITY) -> MeterCoordinator:
    """Return what an import needs to know of a meter."""
    meter = SimpleNamespace(
        user_code=code,
        statistic_name="一栋电 101",
        data=SimpleNamespace(kind=kind),
        history=MeterHistory(),
        listed=None,
        config_entry=SimpleNamespace(unique_id=ACCOUNT),
    )
    return cast(MeterCoordinator, meter)
