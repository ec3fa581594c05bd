"""Tests of `custom_components/jrhsz/history/`."""
