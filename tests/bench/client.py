"""An account and its calls over REST, as the documented clients make them."""

import json
import urllib.parse
from http.client import HTTPConnection, HTTPResponse

EMAIL, PASSWORD = "mara@example.com", "a-long-password-1"
BOUNDARY = "an-image-follows"


class Refused(SystemExit):
    """An answer that ends the benchmark, unless it was to be expected."""


class Client:
    """One connection, and the session's token once it has logged in."""

    def __init__(self, url: str, email: str = EMAIL) -> None:
        self.email = email
        self.connection = HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        self.token = ""

    def sign_up(self) -> None:
        account = {"email": self.email, "name": "Mara Vega", "password": PASSWORD}
        self.call("POST", "/api/v1/auth/signup/", 201, account)

    def log_in(self, password: str = PASSWORD) -> None:
        answer = self.call("POST", "/api/v1/auth/login/", 204, {"email": self.email, "password": password})
        self.token = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]

    def account(self) -> str:
        """The id of one's own account."""
        return json.loads(self.call("GET", "/api/v1/auth/me/", 200).body)["id"]

    def upload(self, image: bytes) -> str:
        """The id that the image gets."""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo.jpg"\r\n'
        body = f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()
        kind = f"multipart/form-data; boundary={BOUNDARY}"
        return json.loads(self.send("POST", "/api/v1/image/", 201, body, kind).body)["image_id"]

    def rotate(self, image: str) -> None:
        self.call("PATCH", f"/api/v1/image/id/{image}/rotate/", 202, {"angle": 90})

    def rotation(self, image: str) -> str:
        """How far the newest rotation of an image is."""
        return json.loads(self.call("GET", f"/api/v1/task/id/rotate_image:{image}/", 200).body)["status"]

    def call(self, method: str, path: str, status: int, body: object = None) -> "Answer":
        text = None if body is None else json.dumps(body).encode()
        return self.send(method, path, status, text, "application/json")

    def send(self, method: str, path: str, status: int, body: bytes | None, kind: str) -> "Answer":
        headers = {"cookie": f"access_token={self.token}"} if self.token else {}
        if body is not None:
            headers["content-type"] = kind
        self.connection.request(method, path, body, headers)
        answer = Answer(self.connection.getresponse())
        if answer.status != status:
            raise Refused(f"{method} {path}: {answer.status} {answer.body[:200]!r}")
        return answer


class Answer:
    """A response, read."""

    def __init__(self, response: HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()
