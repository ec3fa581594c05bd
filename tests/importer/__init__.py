"""Tests of `custom_components/jrhsz/importer/`."""
