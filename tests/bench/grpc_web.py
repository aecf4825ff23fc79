"""Unary gRPC calls as browsers make them, grpc-web over HTTP/1: enough for messages that are made of texts."""

import re
import urllib.parse
from http.client import HTTPConnection

OK, UNAUTHENTICATED = 0, 16


class Channel:
    """One connection."""

    def __init__(self, url: str) -> None:
        self.connection = HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)

    def call(self, method: str, texts: list[str], token: str = "") -> int:
        """The status of a call with a message of these texts, its fields from 1 on."""
        message = b"".join(field(number, text.encode()) for number, text in enumerate(texts, 1))
        headers = {"content-type": "application/grpc-web+proto", "te": "trailers"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        frame = b"\0" + len(message).to_bytes(4, "big") + message
        self.connection.request("POST", f"/atalaya.{method}", frame, headers)
        response = self.connection.getresponse()
        body = response.read()
        # A failure has nothing but a head; a success says so in the trailers at the body's end.
        status = response.headers.get("grpc-status") or re.search(rb"grpc-status: ?(\d+)", body)[1]
        return int(status)


def field(number: int, text: bytes) -> bytes:
    """A field of bytes (protobuf's wire type 2)."""
    return varint(number << 3 | 2) + varint(len(text)) + text


def varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + varint(rest) if rest else bytes([low])
