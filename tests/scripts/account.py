"""An AWS account that has every image, tested and scanned: for tests of commands that are not about images.

It answers EC2's DescribeImages and refuses all else, from a thread of this process; child processes reach it
too.
"""

from __future__ import annotations

import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TAGS = {
    "immutable:recipe": "service",
    "immutable:recipe-hash": "0123456789abcdef",
    "immutable:commit": "c0ffee",
    "immutable:tests": "passed",
    "immutable:findings": "critical=0 high=0 medium=0",
}
PASSED = "recipe service 0123456789abcdef, commit c0ffee, tests passed, findings critical=0 high=0 medium=0"
ANSWER = """<DescribeImagesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><imagesSet><item>
<imageId>{image}</imageId><imageState>available</imageState><architecture>arm64</architecture>
<imageOwnerId>123456789012</imageOwnerId><creationDate>2026-11-20T10:00:00.000Z</creationDate><tagSet>{tags}</tagSet>
</item></imagesSet></DescribeImagesResponse>"""

REFUSAL = """<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code>
<Message>this account has images alone</Message></Error></ErrorResponse>"""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = asked["Action"] == ["DescribeImages"] and asked["Filter.1.Name"] == ["image-id"]
        tags = "".join(f"<item><key>{key}</key><value>{value}</value></item>" for key, value in TAGS.items())
        body = ANSWER.format(image=asked["Filter.1.Value.1"][0], tags=tags) if known else REFUSAL
        self.send_response(200 if known else 400)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Standard error belongs to the command under test."""


@cache
def variables() -> dict[str, str]:
    """What leads a command to the account, which is there until this process ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}"}
