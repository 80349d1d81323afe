"""PyPI python-alipay-sdk against alipay-sandbox, in key mode or certificate mode: pays on a PC and on a phone, queries,
verifies, closes, refunds and reads the bill."""

import base64
import csv
import http.client
import io
import json
import os
import queue
import re
import sys
import threading
import traceback
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit
from urllib.request import urlopen

from alipay import AliPay, DCAliPay
from alipay.exceptions import AliPayException
from Cryptodome.PublicKey import RSA

GATEWAY = os.environ["ALIPAY_GATEWAY"]
KEYS = Path(os.environ["ALIPAY_KEYS"])
APP_ID = os.environ["ALIPAY_APP_ID"]
CERTIFICATE_MODE = os.environ["ALIPAY_MODE"] == "certificates"
RETURN_URL = "http://shop.example/return?from=alipay"
SUBJECT = "测试订单 100%纯棉+T恤 A&B=C"

received = queue.Queue()


class Shop(BaseHTTPRequestHandler):
    """The shop's side: takes notifications."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        received.put(dict(parse_qsl(body, keep_blank_values=True, strict_parsing=True)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"success")

    def log_message(self, *_):
        pass


shop = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
threading.Thread(target=shop.serve_forever, daemon=True).start()
NOTIFY_URL = f"http://127.0.0.1:{shop.server_port}/notify"


def client(private_key):
    common = {
        "appid": APP_ID,
        "app_notify_url": NOTIFY_URL,
        "app_private_key_string": private_key,
        "sign_type": "RSA2",
    }
    if CERTIFICATE_MODE:
        alipay = DCAliPay(
            app_public_key_cert_string=(KEYS / f"appCertPublicKey_{APP_ID}.crt").read_text(),
            alipay_public_key_cert_string=(KEYS / "alipayCertPublicKey_RSA2.crt").read_text(),
            alipay_root_cert_string=(KEYS / "alipayRootCert.crt").read_text(),
            **common,
        )
    else:
        alipay = AliPay(alipay_public_key_string=(KEYS / "alipay_public_key.pem").read_text(), **common)
    alipay._gateway = GATEWAY
    return alipay


alipay = client((KEYS / "app_private_key.pem").read_text())


def order(suffix):
    return f"PY_{os.getpid()}_{suffix}"


def pay_url(by, number, amount="88.80", **more):
    query = by.api_alipay_trade_page_pay(
        subject=SUBJECT, out_trade_no=number, total_amount=amount, return_url=RETURN_URL, **more
    )
    return f"{GATEWAY}?{query}"


def visit(url):
    with urlopen(url, timeout=15) as answer:
        return answer.read().decode()


def press(page, action):
    """What a browser does when the button of a form is pressed; answers where it is sent."""
    form = page.split(f'action="{action}"')[1]
    trade_no = re.search(r'name="trade_no" value="(\d+)"', form).group(1)
    connection = http.client.HTTPConnection(urlsplit(GATEWAY).netloc, timeout=15)
    connection.request(
        "POST", action, urlencode({"trade_no": trade_no}), {"content-type": "application/x-www-form-urlencoded"}
    )
    answer = connection.getresponse()
    assert answer.status == 303, answer.status
    return answer.headers["location"]


def verified(message):
    """Whether the SDK takes the message for Alipay's, and no changed one."""
    signature = message["sign"]
    signed = {name: value for name, value in message.items() if name != "sign"}
    assert not alipay.verify({**signed, "total_amount": "0.01"}, signature)
    return alipay.verify(dict(signed), signature)


def notification(matches):
    while True:
        message = received.get(timeout=20)
        if matches(message):
            return message


def sub_code(call):
    """The sub_code of an answer; the SDK raises where an answer is an error_response or unsigned."""
    try:
        return call().get("sub_code")
    except AliPayException as error:
        node = next(iter(json.loads(error.message).values()))
        return node["sub_code"]


def query_before():
    assert sub_code(lambda: alipay.api_alipay_trade_query(out_trade_no=order("get"))) == "ACQ.TRADE_NOT_EXIST"


def pay():
    page = visit(pay_url(alipay, order("get")))
    assert "100%纯棉+T恤 A&amp;B=C" in page and "88.80" in page, page
    back = press(page, "/cashier/pay")
    assert back.startswith(RETURN_URL + "&"), back
    returned = dict(parse_qsl(back.removeprefix(RETURN_URL + "&"), strict_parsing=True))
    assert returned["out_trade_no"] == order("get") and verified(returned)
    told = notification(lambda message: message["out_trade_no"] == order("get"))
    assert verified(told)
    assert (told["trade_status"], told["total_amount"], told["subject"]) == ("TRADE_SUCCESS", "88.80", SUBJECT)


QUIT_URL = "http://shop.example/order?order_id=1"


def wap_url(by, number, **more):
    """As the SDK makes it: with its own product_code, unless another one is given."""
    query = by.api_alipay_trade_wap_pay(
        subject=SUBJECT, out_trade_no=number, total_amount="88.80", return_url=RETURN_URL, quit_url=QUIT_URL, **more
    )
    return f"{GATEWAY}?{query}"


def pay_on_a_phone():
    for number, more in [("wap", {}), ("wap_way", {"product_code": "QUICK_WAP_WAY"})]:
        page = visit(wap_url(alipay, order(number), **more))
        assert '<body class="phone">' in page and "88.80" in page, page
        back = press(page, "/cashier/pay")
        assert back.startswith(RETURN_URL + "&"), back
        returned = dict(parse_qsl(back.removeprefix(RETURN_URL + "&"), strict_parsing=True))
        assert returned["method"] == "alipay.trade.wap.pay.return" and verified(returned), returned
        told = notification(lambda message: message["out_trade_no"] == order(number))
        assert verified(told) and told["trade_status"] == "TRADE_SUCCESS", told
        answer = alipay.api_alipay_trade_query(out_trade_no=order(number))
        assert answer["trade_status"] == "TRADE_SUCCESS", answer
    assert refund("88.80", "wap_back", of="wap")["refund_fee"] == "88.80"


def turn_back_on_a_phone():
    page = visit(wap_url(alipay, order("wap_quit")))
    assert press(page, "/cashier/cancel") == QUIT_URL
    assert alipay.api_alipay_trade_close(out_trade_no=order("wap_quit"))["code"] == "10000"
    late = visit(wap_url(alipay, order("wap_quit")))
    assert "ACQ.TRADE_HAS_CLOSE" in late, late


def query_paid():
    answer = alipay.api_alipay_trade_query(out_trade_no=order("get"))
    assert (answer["code"], answer["trade_status"], answer["total_amount"]) == ("10000", "TRADE_SUCCESS", "88.80")
    assert alipay.api_alipay_trade_query(trade_no=answer["trade_no"]) == answer


def amount_as_a_number():
    page = visit(pay_url(alipay, order("number"), amount=323.91, time_expire="2020-01-01 00:00:00"))
    assert "ACQ.TRADE_HAS_CLOSE" in page, page
    page = visit(pay_url(alipay, order("number"), amount=323.91))
    assert "323.91" in page and "/cashier/pay" in page, page
    changed = visit(pay_url(alipay, order("number"), amount=323.9))
    assert "ACQ.CONTEXT_INCONSISTENT" in changed, changed


def close():
    closed = alipay.api_alipay_trade_close(out_trade_no=order("number"))
    assert (closed["code"], closed["out_trade_no"]) == ("10000", order("number"))
    assert alipay.api_alipay_trade_query(out_trade_no=order("number"))["trade_status"] == "TRADE_CLOSED"
    again = sub_code(lambda: alipay.api_alipay_trade_close(out_trade_no=order("number")))
    assert again == "ACQ.REASON_TRADE_STATUS_INVALID", again
    assert sub_code(lambda: alipay.api_alipay_trade_close(out_trade_no=order("get"))) == "ACQ.TRADE_STATUS_ERROR"


def refund(amount, number, of="get"):
    return alipay.api_alipay_trade_refund(amount, out_trade_no=order(of), out_request_no=order(number))


def refund_part():
    first = refund("30.00", "r1")
    assert (first["fund_change"], first["refund_fee"]) == ("Y", "30.00"), first
    again = refund("30.00", "r1")
    assert (again["fund_change"], again["refund_fee"]) == ("N", "30.00"), again
    assert sub_code(lambda: refund("58.81", "r2")) == "ACQ.REASON_TRADE_REFUND_FEE_ERR"
    assert sub_code(lambda: refund("30.01", "r1")) == "ACQ.DISCORDANT_REPEAT_REQUEST"
    told = notification(lambda message: message.get("out_biz_no") == order("r1"))
    assert verified(told) and (told["trade_status"], told["refund_fee"]) == ("TRADE_SUCCESS", "30.00")


def query_refund():
    done = alipay.api_alipay_trade_fastpay_refund_query(order("r1"), out_trade_no=order("get"))
    assert (done["refund_status"], done["refund_amount"]) == ("REFUND_SUCCESS", "30.00"), done
    none = alipay.api_alipay_trade_fastpay_refund_query(order("r9"), out_trade_no=order("get"))
    assert none["code"] == "10000" and "refund_status" not in none, none


def refund_rest():
    assert refund("58.80", "r3")["refund_fee"] == "88.80"
    told = notification(lambda message: message.get("out_biz_no") == order("r3"))
    assert verified(told) and (told["trade_status"], told["refund_fee"]) == ("TRADE_CLOSED", "88.80")


def refund_whole():
    press(visit(pay_url(alipay, order("whole"))), "/cashier/pay")
    whole = refund("88.80", "w1", of="whole")
    assert (whole["fund_change"], whole["refund_fee"]) == ("Y", "88.80"), whole
    assert refund("88.80", "w1", of="whole")["fund_change"] == "N"
    assert sub_code(lambda: refund("0.01", "w2", of="whole")) == "ACQ.TRADE_STATUS_ERROR"
    told = notification(lambda message: message.get("out_biz_no") == order("w1"))
    assert verified(told) and (told["trade_status"], told["refund_fee"]) == ("TRADE_CLOSED", "88.80")


def bill():
    def ask(date):
        biz = {"bill_type": "trade", "bill_date": date}
        return alipay.server_api("alipay.data.dataservice.bill.downloadurl.query", biz)

    paid_at = alipay.api_alipay_trade_query(out_trade_no=order("whole"))["send_pay_date"]
    with urlopen(ask(paid_at[:10])["bill_download_url"], timeout=15) as answer:
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    # Python decodes names that are not marked as UTF-8 with code page 437.
    files = {name.encode("cp437").decode("gbk"): archive.read(name).decode("gbk") for name in archive.namelist()}
    detail = next(text for name, text in files.items() if name.endswith("业务明细.csv"))
    assert len(files) == 2 and any("汇总" in name for name in files), files.keys()
    lines = [line for line in detail.splitlines() if not line.startswith("#")]
    rows = [{name: value.strip() for name, value in row.items()} for row in csv.DictReader(lines)]
    rows = [row for row in rows if row["商户订单号"] == order("whole")]
    payment = {"业务类型": "交易", "商品名称": SUBJECT, "完成时间": paid_at, "订单金额（元）": "88.80"}
    assert payment.items() <= rows[0].items(), rows
    refunded = {"业务类型": "退款", "订单金额（元）": "-88.80", "退款批次号/请求号": order("w1")}
    # A refund after midnight is on the next day's bill.
    assert len(rows) == 1 or refunded.items() <= rows[1].items(), rows
    assert sub_code(lambda: ask("2019-01-01")) == "NO_BILL_DATA"
    assert sub_code(lambda: ask("2100-01-01")) == "BILL_NOT_EXIST"


def download_certificate():
    """The SDK makes the request and leaves the answer to its user."""

    def ask(sn):
        answer = json.loads(visit(f"{GATEWAY}?{alipay.api_alipay_open_app_alipaycert_download(sn)}"))
        assert re.fullmatch("[0-9a-f]{32}", answer["alipay_cert_sn"]), answer
        return answer["alipay_open_app_alipaycert_download_response"]

    certificate = (KEYS / "alipayCertPublicKey_RSA2.crt").read_text()
    assert base64.b64decode(ask(DCAliPay.get_cert_sn(certificate))["alipay_cert_content"]).decode() == certificate
    assert ask("0123456789abcdef0123456789abcdef")["sub_code"] == "isv.alipay-cert-not-exist"


def another_key():
    stranger = client(RSA.generate(2048).export_key().decode())
    assert sub_code(lambda: stranger.api_alipay_trade_query(out_trade_no=order("get"))) == "isv.invalid-signature"
    page = visit(pay_url(stranger, order("forged")))
    assert "isv.invalid-signature" in page and "/cashier/pay" not in page, page


failures = 0
for name, check in [
    ("a trade that nobody has come to does not exist", query_before),
    ("pays, returns, and is notified", pay),
    ("queries what was paid", query_paid),
    ("pays on a phone, returns, is notified, and is refunded", pay_on_a_phone),
    ("a phone that turns back goes to quit_url, and its trade is closed", turn_back_on_a_phone),
    ("sends an amount as a number; a deadline and changed terms are honoured", amount_as_a_number),
    ("closes what was not paid", close),
    ("refunds a part, once", refund_part),
    ("asks what became of a refund", query_refund),
    ("refunds the rest, which closes the trade", refund_rest),
    ("refunds the whole at once, and no more", refund_whole),
    ("downloads the bill of a day", bill),
    ("a signature by another key is refused", another_key),
    *([("downloads Alipay's certificate, with its issuer", download_certificate)] if CERTIFICATE_MODE else []),
]:
    try:
        check()
        print(f"ok - python: {name}")
    except Exception:
        failures += 1
        print(f"not ok - python: {name}: {traceback.format_exc()}")
sys.exit(1 if failures else 0)
