"""How long logins take that fail, one by one: a stranger must not learn from the time why.

Kinds in turn, in a new order each round. An account is left before its wrong passwords would lock it: see
`FREE_FAILURES` of server/src/users/login.rs. `CreateSession`, because the REST dialect refuses an empty password
before it looks for anybody.
"""

import itertools
import pathlib
import random
import statistics
import time
from dataclasses import dataclass, field

import grpc_web
from client import PASSWORD, Client
from server import Server, server
from tables import table, verdict

ROUNDS = 250
FREE_FAILURES = 5
ADMIN, ADMIN_PASSWORD = "root@example.com", "a-long-password-2"
LOG_IN = "users.v1.SessionService/CreateSession"
DEACTIVATE = "users.v1.AccountService/DeactivateAccount"
# The longest password is 1,024 bytes.
OVERLONG = "a" * 1025
WRONG = "not-the-password-1"
GOAL_MS = 1.0


@dataclass
class Kind:
    """One way to fail: the e-mails to try and the password."""

    name: str
    emails: list[str]
    password: str
    status: int = grpc_web.UNAUTHENTICATED
    millis: list[float] = field(default_factory=list)
    # CPU of the hash threads.
    hash_millis: list[float] = field(default_factory=list)

    def attempt(self, house: Server, channel: grpc_web.Channel, number: int) -> None:
        email = self.emails[number // FREE_FAILURES]
        hashing, begin = house.busy("hash"), time.perf_counter()
        status = channel.call(LOG_IN, [email, self.password])
        self.millis.append((time.perf_counter() - begin) * 1000)
        self.hash_millis.append((house.busy("hash") - hashing) / 1e6)
        if status != self.status:
            raise SystemExit(f"{self.name}: status {status}")


def measure(program: str, folder: pathlib.Path) -> str:
    admin = {"ATALAYA_ADMIN_EMAIL": ADMIN, "ATALAYA_ADMIN_PASSWORD": ADMIN_PASSWORD}
    with server(program, folder / "failures", **admin) as house:
        good, *failures = kinds(house.url)
        channel = grpc_web.Channel(house.url)
        order = random.Random(1)
        for number in range(ROUNDS):
            for kind in order.sample([good, *failures], len(failures) + 1):
                kind.attempt(house, channel, number)
    return report(good, failures)


def kinds(url: str) -> list[Kind]:
    """The one that goes well first; all with accounts of their own."""
    number = itertools.count()

    def accounts() -> list[str]:
        made = [Client(url, f"mara-{next(number)}@example.com") for _ in range(-(-ROUNDS // FREE_FAILURES))]
        for client in made:
            client.sign_up()
        return [client.email for client in made]

    inactive = accounts()
    deactivate(url, inactive)
    unknown = [email.replace("mara", "nobody") for email in inactive]
    return [
        Kind("right password", accounts(), PASSWORD, grpc_web.OK),
        Kind("unknown handle", unknown, WRONG),
        Kind("wrong password", accounts(), WRONG),
        Kind("empty password", accounts(), ""),
        Kind("inactive account, right password", inactive, PASSWORD),
        Kind("over-long password", accounts(), OVERLONG),
    ]


def deactivate(url: str, emails: list[str]) -> None:
    root = Client(url, ADMIN)
    root.log_in(ADMIN_PASSWORD)
    channel = grpc_web.Channel(url)
    for email in emails:
        client = Client(url, email)
        client.log_in()
        if channel.call(DEACTIVATE, [client.account()], root.token) != grpc_web.OK:
            raise SystemExit(f"{email} was not deactivated")


def report(good: Kind, failures: list[Kind]) -> str:
    one = statistics.median(good.hash_millis)
    rows = []
    for kind in (*failures, good):
        ordered = sorted(kind.millis)
        figures = [statistics.median(ordered), ordered[int(len(ordered) * 0.95)], ordered[-1]]
        hashing = statistics.median(kind.hash_millis)
        row = [kind.name, *(f"{figure:.2f}" for figure in figures), f"{hashing:.2f}", f"{hashing / one:.2f}"]
        rows.append(row)
    heads = ["login", "median ms", "p95 ms", "most ms", "CPU ms of the hash thread", "hashes"]
    medians = [statistics.median(kind.millis) for kind in failures]
    apart = max(medians) - min(medians)
    goal = (
        f"{ROUNDS} logins of each kind. The medians of those that fail are at most {apart:.3f} ms apart; "
        f"goal, at most {GOAL_MS:.0f} ms: {verdict(apart <= GOAL_MS)}."
    )
    return f"{table(heads, rows)}\n\n{goal}"
