"""Do what the nine interfaces are documented to do."""

from base64 import b64encode
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
import re

from .accounts import Accounts, Refusal
from .dialect import Dialect
from .meter import SimMeter
from .records import CST, Payment, Record
from .replies import Answer, Row, code_value, name_text, put_number, put_type, time_text
from .world import World

type Params = dict[str, str]

_TOKEN = ("token", "admin_user_name")
_PAGED = (*_TOKEN, "user_code", "BeginDate", "EndDate", "pageNo", "pageSize")
REQUIRED: dict[str, tuple[str, ...]] = {
    "login": ("admin_user_name", "api_password"),
    "getBuildCode": _TOKEN,
    "getUserCodeByAccount": _TOKEN,
    "GetUserInfo": (*_TOKEN, "user_code"),
    "Prestore": (*_TOKEN, "user_code", "out_trade_no", "total_fee"),
    "GetPaymentList": _PAGED,
    "GetConsumenList": _PAGED,
    "getAddress": _TOKEN,
    "addressUserInfo": (*_TOKEN, "address"),
}
_FEE = re.compile(r"\d{1,9}(\.\d{1,2})?")


class Platform:
    """Answer parameters, without HTTP."""

    def __init__(self, world: World, accounts: Accounts, dialect: Dialect) -> None:
        """Begin with a world and its accounts."""
        self.world = world
        self.accounts = accounts
        self.dialect = dialect
        self._calls_of_day: Counter[tuple[str, date]] = Counter()
        self._interfaces: dict[str, Callable[[Params], Answer]] = {
            "login": self._login,
            "getBuildCode": self._buildings,
            "getUserCodeByAccount": self._listing,
            "GetUserInfo": self._info,
            "Prestore": self._prestore,
            "GetPaymentList": self._payments,
            "GetConsumenList": self._records,
            "getAddress": self._addresses,
            "addressUserInfo": self._by_address,
        }

    def call(self, interface: str, params: Params) -> Answer:
        """Answer one call."""
        try:
            self._admit(interface, params)
            return self._interfaces[interface](params)
        except Refusal as refusal:
            return Answer(refusal.code, self._with_secrets(refusal, params))

    def _with_secrets(self, refusal: Refusal, params: Params) -> str | None:
        """Return the message of a refusal, with the secrets that the dialect repeats in it."""
        password = self.accounts.passwords.get(params.get("admin_user_name", ""), "")
        secrets = [password, params.get("token", "")]
        shown = {
            "plain": secrets,
            "base64": [b64encode(secret.encode()).decode() for secret in secrets],
            "hex": [secret.encode().hex() for secret in secrets],
            "apart": [" ".join(secret) for secret in secrets],
        }.get(self.dialect.secrets_in_msg)
        return f"{refusal.msg or '失败'} {shown}" if shown else refusal.msg

    def _admit(self, interface: str, params: Params) -> None:
        """Check parameters, token and permission."""
        if not all(params.get(name) for name in REQUIRED[interface]):
            raise Refusal(1008)
        if interface == "login":
            return
        name = params["admin_user_name"]
        self.accounts.check(params["token"], name, self.world.now(), self.dialect)
        self._count(name)
        denied = params.get("user_code") in self.dialect.denied_codes
        if denied or interface in self.dialect.forbidden:
            raise Refusal(self.dialect.forbidden_code)

    def _count(self, name: str) -> None:
        """Count a call of an account, and refuse what is one too many for the day."""
        if not (most := self.dialect.calls_per_day):
            return
        key = name, self.world.now().date()
        if self._calls_of_day[key] >= most:
            raise Refusal(1001, self.dialect.quota_msg)
        self._calls_of_day[key] += 1

    def _login(self, params: Params) -> Answer:
        """Answer `login`."""
        name, password = params["admin_user_name"], params["api_password"]
        token = self.accounts.login(name, password, self.world.now(), self.dialect)
        return Answer(msg="登录成功", data=token)

    def _buildings(self, params: Params) -> Answer:
        """Answer `getBuildCode`."""
        seen = {code for meter in self._visible(params, None) for code in meter.lists}
        used = {code for meter in self.world.meters.values() for code in meter.lists}
        rows: list[Row] = [
            {"name": name_text(name, self.dialect), "build_code": code}
            for code, name in self.world.lists.items()
            if code in seen or code not in used
        ]
        return Answer(msg="操作成功!", data=rows)

    def _listing(self, params: Params) -> Answer:
        """Answer `getUserCodeByAccount`."""
        return Answer(data=self._rooms(self._visible(params, params.get("build_code"))))

    def _info(self, params: Params) -> Answer:
        """Answer `GetUserInfo`."""
        dialect = self.dialect
        info = self._meter(params).info(credit_delay=dialect.credit_delay)
        row: Row = {"tableNo": info.table_no}
        put_number(row, "reading", info.reading, "GetUserInfo", dialect)
        row["readTime"] = time_text(info.read_time, dialect)
        put_number(row, "balance", info.balance, "GetUserInfo", dialect)
        put_type(row, info.table_type, dialect)
        return Answer(msg="获取成功", data=row)

    def _prestore(self, params: Params) -> Answer:
        """Answer `Prestore`."""
        meter, number = self._meter(params), params["out_trade_no"]
        if not _FEE.fullmatch(params["total_fee"]) or not Decimal(params["total_fee"]):
            raise Refusal(1001, "金额错误")
        repeat = self.dialect.repeat_order
        if repeat == "refuse" and self.world.known(meter.user_code, number):
            raise Refusal(1001, "订单号已存在")
        self.world.book(
            params["admin_user_name"],
            meter,
            number,
            Decimal(params["total_fee"]).quantize(Decimal("0.01")),
            again=repeat == "twice",
            shown=self.dialect.payment_number,
            channel=self.dialect.api_trade_type,
        )
        code = self.dialect.prestore_answer
        return Answer(msg="充值成功") if code == 200 else Answer(code)

    def _payments(self, params: Params) -> Answer:
        """Answer `GetPaymentList`."""
        if self._is_unread(params):
            return Answer(data=[], total=0)
        begin, end = self._window(params)
        now, delay = self.world.now(), self.dialect.payment_delay
        found = [
            payment
            for payment in self._meter(params).payments(begin, end)
            if payment.sent_number is None
            or (delay >= 0 and payment.time + timedelta(seconds=delay) <= now)
        ]
        page = self._page(found, params)
        return Answer(data=[self._payment_row(item) for item in page], total=len(found))

    def _records(self, params: Params) -> Answer:
        """Answer `GetConsumenList`."""
        if self._is_unread(params):
            return Answer(data=[], total=0)
        begin, end = self._window(params)
        meter, delay = self._meter(params), self.dialect.records_delay
        if meter.record_filter is None:
            pairs = meter.upload_pairs(begin, end, delay=delay)
            total = len(pairs)
            page = [meter.record(pair) for pair in self._page(pairs, params)]
        else:
            records = meter.records(begin, end, delay=delay)
            total = len(records)
            page = self._page(records, params)
        device = meter.table_no[::-1]
        return Answer(data=[self._record_row(item, device) for item in page], total=total)

    def _addresses(self, params: Params) -> Answer:
        """Answer `getAddress`."""
        found = self._by_place(params)
        by_name = self.dialect.address_code == "name"
        rows: list[Row] = [
            {"address": address, "build_code": name if by_name else code}
            for address, name, code in found
        ]
        return Answer(msg="操作成功!", data=rows)

    def _by_address(self, params: Params) -> Answer:
        """Answer `addressUserInfo`."""
        form = self.dialect.address_building
        if params.get("build_code") and form != "read":
            if form == "empty":
                return Answer(data=[])
            raise Refusal({"refuse": 1001, "deny": 1009, "fail": 1008}[form])
        found = self._by_place(params)
        here = [meters for key, meters in found.items() if key[0] == params["address"]]
        return Answer(data=self._rooms([meter for meters in here for meter in meters]))

    def _by_place(self, params: Params) -> dict[tuple[str, str, str], list[SimMeter]]:
        """Return the account's meters by address."""
        whole = self.dialect.address_form == "full"
        name = params["admin_user_name"]
        found = self.world.addresses(params.get("build_code"), whole=whole)
        seen = {
            key: [meter for meter in meters if self.accounts.sees(name, meter.user_code)]
            for key, meters in found.items()
        }
        return {key: meters for key, meters in seen.items() if meters}

    def _visible(self, params: Params, build_code: str | None) -> list[SimMeter]:
        """Return the account's meters of a list."""
        name = params["admin_user_name"]
        return [
            meter
            for meter in self.world.listed(build_code)
            if self.accounts.sees(name, meter.user_code)
        ]

    def _meter(self, params: Params) -> SimMeter:
        """Return the meter that a call is about."""
        meter = self.world.meters.get(params["user_code"])
        if (
            meter is None
            or meter.hidden
            or not self.accounts.sees(params["admin_user_name"], meter.user_code)
        ):
            raise Refusal(1001, "用户不存在")
        return meter

    def _rooms(self, meters: list[SimMeter]) -> list[Row]:
        """Return the lines of a listing."""
        rows: list[Row] = []
        for meter in meters:
            row: Row = {
                "user_code": code_value(meter.user_code, self.dialect),
                "user_name": name_text(meter.user_name, self.dialect),
            }
            if meter.house_number is not None:
                row["house_number"] = name_text(meter.house_number, self.dialect)
            elif self.dialect.house_number != "missing":
                row["house_number"] = None if self.dialect.house_number == "null" else ""
            rows.append(row)
        return rows * 2 if self.dialect.listing_repeats else rows

    def _payment_row(self, payment: Payment) -> Row:
        """Return one line of the payment list."""
        row: Row = {"out_trade_no": payment.order_number}
        put_number(row, "total_fee", payment.amount, "GetPaymentList", self.dialect)
        if self.dialect.trade_type:
            row["trade_type"] = payment.channel
        row["create_time"] = time_text(payment.time, self.dialect)
        return row

    def _record_row(self, record: Record, device: str) -> Row:
        """Return one line of the consumption list."""
        row: Row = {"tableNo": record.table_no}
        put_number(row, "reading", record.reading, "GetConsumenList", self.dialect)
        row["readTime"] = time_text(record.read_time, self.dialect)
        put_number(row, "lastRead", record.last_reading, "GetConsumenList", self.dialect)
        row["lastReadTime"] = time_text(record.last_read_time, self.dialect)
        if self.dialect.device_id:
            row["deviceId"] = device
        return row

    def _window(self, params: Params) -> tuple[datetime, datetime]:
        """Return the first and the last moment that are asked for."""
        begin = self._moment(params["BeginDate"], end=False)
        end = self._moment(params["EndDate"], end=True)
        self._check_window(begin, end)
        if not self.dialect.begin_inclusive:
            begin += timedelta(seconds=1)
        if not self.dialect.end_inclusive:
            end -= timedelta(seconds=1)
        return begin, end

    def _check_window(self, begin: datetime, end: datetime) -> None:
        """Refuse a window that is too long, or ends in the future."""
        dialect = self.dialect
        days = (end.date() - begin.date()).days + 1
        whole = timedelta(days=days) if dialect.span_count == "days" else end - begin
        if dialect.max_span and whole > timedelta(days=dialect.max_span):
            raise Refusal(dialect.dates_code, "查询时间跨度超过上限")
        if dialect.future == "refuse" and end.date() > self.world.now().date():
            raise Refusal(dialect.dates_code, "结束日期不能大于今天")

    def _is_unread(self, params: Params) -> bool:
        """Tell whether dates in a form that isn't read are answered with an empty list."""
        has_times = " " in params["BeginDate"]
        unread = {"time": not has_times, "date": has_times, "any": False}[self.dialect.dates]
        return unread and self.dialect.dates_unread == "empty"

    def _moment(self, text: str, *, end: bool) -> datetime:
        """Read a date."""
        form = "%Y-%m-%d %H:%M:%S" if " " in text else "%Y-%m-%d"
        wanted = {"time": "%Y-%m-%d %H:%M:%S", "date": "%Y-%m-%d"}.get(self.dialect.dates, form)
        try:
            moment = datetime.strptime(text, wanted).replace(tzinfo=CST)
        except ValueError as err:
            raise Refusal(self.dialect.dates_code, "日期格式错误") from err
        if end and " " not in text and self.dialect.end_whole_day:
            moment += timedelta(hours=23, minutes=59, seconds=59)
        return moment

    def _page[T](self, found: list[T], params: Params) -> list[T]:
        """Return one page in the dialect's order."""
        try:
            number, size = int(params["pageNo"]), int(params["pageSize"])
        except ValueError as err:
            raise Refusal(1001, "参数错误") from err
        if not self.dialect.pages:
            return found
        cap, is_before = self.dialect.page_cap, number < self.dialect.first_page
        if is_before and self.dialect.page_zero == "empty":
            return []
        is_refused = is_before and self.dialect.page_zero == "refuse"
        is_over = size > cap and self.dialect.page_over == "refuse"
        if size < 1 or number < 0 or is_refused or is_over:
            raise Refusal(1001, "分页参数错误")
        found = found.copy()
        if self.dialect.order == "descending":
            found.reverse()
        elif self.dialect.order == "shuffled":
            Random(f"{params['user_code']}{len(found)}").shuffle(found)  # noqa: S311  seeded, to be repeated
        size = min(size, cap)
        pages = max(1, -(-len(found) // size))
        index = number if self.dialect.first_page == 0 else max(number, 1) - 1
        if index >= pages and self.dialect.past_end != "empty":
            index = pages - 1 if self.dialect.past_end == "last" else 0
        return found[index * size : (index + 1) * size]
