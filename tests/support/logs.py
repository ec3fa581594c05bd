"""What the integration logs."""

import logging

import pytest


def lines(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Return level and message of all lines of ours above debug."""
    return [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name.startswith("custom_components") and record.levelno > logging.DEBUG
    ]
