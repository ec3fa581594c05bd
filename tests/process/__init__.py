"""Tests with whole processes, some of which are killed."""
