"""Tests in a browser, against a real Home Assistant and the simulator."""
