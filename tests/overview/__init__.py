"""Tests of `custom_components/jrhsz/overview/`."""
