"""The platform's interfaces, by what they are for; nobody else spells their names."""

from enum import StrEnum


class Interface(StrEnum):
    """An interface (document, section 4), as its URL spells it."""

    LOGIN = "login"
    BUILDINGS = "getBuildCode"
    ROOMS = "getUserCodeByAccount"
    METER = "GetUserInfo"
    RECHARGE = "Prestore"
    PAYMENTS = "GetPaymentList"
    CONSUMPTION = "GetConsumenList"
    ADDRESSES = "getAddress"
    ROOMS_AT_ADDRESS = "addressUserInfo"
