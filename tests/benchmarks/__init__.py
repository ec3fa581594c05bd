"""Measure what the integration promises: pace, age of data, weight, and what faults do to it.

`scripts/benchmark` runs all of it; `scripts/benchmark pace weight` just these. Every figure is
printed beside its limit, or beside the floor: the same thing measured in the same run with the
integration in `floor/`, which does no more than it has to.

Where nothing depends on real time it passes as fast as the work is done (`virtual_time.py`), with
real sockets, the real interval and a real Home Assistant core (`home.py`).
"""

from importlib import import_module

# Lets the time of day be replaced, if that is done before Home Assistant takes it.
import_module("tests.support.early")
