"""What schemathesis is told of this server: how requests log in, and what exists for them to meet.

In the environment: `ATALAYA_URL`; `ATALAYA_AS`, `user` or `super_admin`, with the latter's
`ATALAYA_ADMIN_EMAIL` and `ATALAYA_ADMIN_PASSWORD`; and `ATALAYA_MET`, the file that lists what succeeded.
"""

import io
import itertools
import os
import time
import uuid

import requests
import schemathesis
from PIL import Image

API = f"{os.environ['ATALAYA_URL']}/api/v1"
PASSWORD = "correct horse battery"
COOKIE = "access_token"
TRIES = 6
LOGIN = "/api/v1/auth/login/"
# For those who are not logged in.
DOORS = [LOGIN, "/api/v1/auth/signup/"]
# After these their caller's session or e-mail is another: each call gets an account of its own.
ENDING = ["/api/v1/auth/logout/", "/api/v1/user/password/", "/api/v1/user/email/"]
# What hosts are called.
HOSTS = ["destination_address", "domain", "target"]
turns = itertools.count()


def made(method, path, **request):
    """What a call that must succeed answers, to a caller who comes again when the server is busy."""
    for _ in range(TRIES):
        answer = requests.request(method, f"{API}{path}", timeout=30, **request)
        if answer.status_code != 429:
            break
        time.sleep(int(answer.headers["Retry-After"]))
    assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
    return answer


def log_in(email, password=PASSWORD):
    return made("POST", "/auth/login/", json={"email": email, "password": password}).cookies[COOKIE]


def new_user():
    """Signs somebody up: their id and e-mail."""
    email = f"{uuid.uuid4().hex}@example.com"
    answer = made("POST", "/auth/signup/", json={"email": email, "name": "Somebody", "password": PASSWORD})
    return answer.json()["id"], email


def new_image(token):
    """Uploads a picture: its id."""
    file = io.BytesIO()
    Image.effect_noise((24, 16), 64).convert("RGB").save(file, "PNG")
    files = {"image": ("noise.png", file.getvalue(), "image/png")}
    return made("POST", "/image/", files=files, cookies={COOKIE: token}).json()["image_id"]


def new_task(token):
    """Turns a picture: the task's id."""
    path = f"/image/id/{new_image(token)}/rotate/"
    return made("PATCH", path, json={"angle": 90}, cookies={COOKIE: token}).json()["task_id"]


class Login:
    def set(self, case, token, context):
        case.cookies[COOKIE] = token


@schemathesis.auth(refresh_interval=None).skip_for(path=DOORS + ENDING)
class Lasting(Login):
    """One session of the role under test."""

    id = None
    token = None

    def get(self, case, context):
        if not Lasting.token and os.environ["ATALAYA_AS"] == "user":
            Lasting.id, email = new_user()
            Lasting.token = log_in(email)
        elif not Lasting.token:
            Lasting.token = log_in(os.environ["ATALAYA_ADMIN_EMAIL"], os.environ["ATALAYA_ADMIN_PASSWORD"])
        return Lasting.token


@schemathesis.auth(refresh_interval=None).apply_to(path=ENDING)
class Fresh(Login):
    """A session for one call."""

    def get(self, case, context):
        return log_in(new_user()[1])


@schemathesis.hook
def before_call(context, case, kwargs):
    """Every other well-formed request is about something that exists: made-up ids never are."""
    token = (case.cookies or {}).get(COOKIE)
    existing = {
        "image_id": lambda: new_image(token),
        "task_id": lambda: new_task(token),
        "user_id": lambda: new_user()[0],
    }
    for name, make in existing.items():
        given = (case.path_parameters or {}).get(name)
        if token and is_id(given) and (closes_own_account(case, given) or next(turns) % 2 == 0):
            case.path_parameters[name] = make()
    if case.path == LOGIN and is_login(case.body) and next(turns) % 2 == 0:
        case.body = {"email": new_user()[1], "password": PASSWORD}

    look_at_loopback(case)


def closes_own_account(case, given):
    """Whether the rest of the run would be without its account: ids of earlier answers are asked for too."""
    return case.method.upper() == "DELETE" and Lasting.id is not None and Lasting.id in given


def look_at_loopback(case):
    """Every other request to look at a host is about this machine, the only one that may be looked at."""
    for part in (case.query, case.body):
        for name in HOSTS:
            if isinstance(part, dict) and isinstance(part.get(name), str) and next(turns) % 2 == 0:
                part[name] = "127.0.0.1"


@schemathesis.hook
def after_call(context, case, response):
    if 200 <= response.status_code < 300 and case.method.upper() == context.operation.method.upper():
        with open(os.environ["ATALAYA_MET"], "a") as met:
            met.write(f"{context.operation.label}\n")


def is_id(text):
    """A UUID, alone or behind `operation:`."""
    try:
        return len(str(uuid.UUID(text.rpartition(":")[2]))) == 36
    except (ValueError, AttributeError):
        return False


def is_login(body):
    return isinstance(body, dict) and all(isinstance(body.get(name), str) for name in ("email", "password"))
