"""Tests of `custom_components/jrhsz/meters/`."""
