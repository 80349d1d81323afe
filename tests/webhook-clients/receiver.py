"""A receiver that verifies webhooks with the library of Standard Webhooks, before a running demo shop.

Usage: receiver.py DASHOP. Prints "N passed, M failed"; anything but zero failures is an error.
"""

import base64
import json
import os
import queue
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PATIENCE = 30

FIRST = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
SECOND = secrets.token_hex(24)
OTHER = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def verifier(secret):
    """The library takes base64, with or without its prefix; what has no prefix is the key itself to dashop."""
    return Webhook(secret if secret.startswith("whsec_") else base64.b64encode(secret.encode()).decode())


class Receiver(BaseHTTPRequestHandler):
    """Keeps headers and bodies as they arrive."""

    protocol_version = "HTTP/1.1"
    arrived = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.arrived.put(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_refused(secret, body, headers):
    try:
        verifier(secret).verify(body, headers)
    except WebhookVerificationError:
        return True
    return False


def checks(headers, body):
    yield "the first secret verifies", verifier(FIRST).verify(body, headers) == json.loads(body)
    yield "the second secret verifies", verifier(SECOND).verify(body, headers) == json.loads(body)
    yield "another secret does not", is_refused(OTHER, body, headers)
    yield "another body does not", is_refused(FIRST, body + b" ", headers)
    yield "another id does not", is_refused(FIRST, body, headers | {"webhook-id": "evt_1"})
    old = {"webhook-timestamp": str(int(headers["webhook-timestamp"]) - 3600)}
    yield "an old one does not", is_refused(FIRST, body, headers | old)
    yield "the id is the event's", headers["webhook-id"] == json.loads(body)["id"]


def ask(url, token="", body=None):
    request = urllib.request.Request(url, data=body and json.dumps(body).encode(), headers={"authorization": token})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE) as answer:
        return json.load(answer)


def main(program):
    receiver = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{free_port()}"
    with tempfile.TemporaryDirectory() as directory:
        settings = {
            "PATH": os.environ["PATH"],
            "DASHOP_DATA_DIR": directory,
            "DASHOP_LISTEN": url.removeprefix("http://"),
            "DASHOP_SANDBOX_LISTEN": f"127.0.0.1:{free_port()}",
            "DASHOP_EVENTS_URL": f"http://127.0.0.1:{receiver.server_port}/",
            "DASHOP_EVENTS_SECRET": FIRST,
            "DASHOP_EVENTS_SECOND_SECRET": SECOND,
        }
        shop = subprocess.Popen([program, "serve"], env=settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                try:
                    ask(f"{url}/readyz")
                    break
                except OSError:
                    if shop.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
            token = subprocess.check_output([program, "token", "demo"], env=settings, text=True).strip()
            order = {"status": 0, "address_id": 1, "settlement_type": 0}
            placed = ask(f"{url}/v1/orders/processing/", token, order)
            assert placed["code"] == 200, placed
            headers, body = Receiver.arrived.get(timeout=PATIENCE)
        finally:
            shop.terminate()
            shop.wait()
    failed = passed = 0
    for what, is_so in checks(headers, body):
        passed += is_so
        failed += not is_so
        if not is_so:
            print(f"FAILED: {what}")
    print(f"{passed} passed, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) != 0)
