"""Judges what the product made of a life by the truth of it."""

from .driver import Told
from .lives.life import Life
from .oracle_of_cost import Cost
from .oracle_of_use import Use
from .verdict import Verdict


def judge(life: Life, told: Told) -> Verdict:
    """Return the verdict on what was told of a life."""
    verdict = Verdict()
    if life.has_list:
        Use(life, told, verdict).judge()
    Cost(life, told, verdict).judge()
    return verdict
