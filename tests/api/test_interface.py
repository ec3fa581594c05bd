"""Tests of the interfaces' names."""

from custom_components.jrhsz.api import Interface


def test_spellings() -> None:
    """The document's spellings, whatever they look like."""
    assert {interface.name: str(interface) for interface in Interface} == {
        "LOGIN": "login",
        "BUILDINGS": "getBuildCode",
        "ROOMS": "getUserCodeByAccount",
        "METER": "GetUserInfo",
        "RECHARGE": "Prestore",
        "PAYMENTS": "GetPaymentList",
        "CONSUMPTION": "GetConsumenList",
        "ADDRESSES": "getAddress",
        "ROOMS_AT_ADDRESS": "addressUserInfo",
    }
