"""Simulated lives of meters: what was used and what it cost in truth, and what a platform tells."""
