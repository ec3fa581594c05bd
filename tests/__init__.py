"""Tests of the JRHSZ integration."""
