"""Tests of `custom_components/jrhsz/recharge/`."""
