"""One small read through every door: what it costs the server, all its processes together.

`GetOwnAccount` of a logged-in user: a token checked and two rows read. Rounds go through the doors in turn.
The server's processes share one core and the load generator has another: otherwise the figures tell more
about threads waking each other across cores than about work.
"""

import contextlib
import os
import pathlib
import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field

import envoy
import h2load
from client import Client
from server import Process, server
from tables import ratio, table, verdict

ROUNDS = 15
REQUESTS = 8_000
WARM_UP = 800
# Connections with one call in flight on each, whatever the protocol.
CONNECTIONS = 16
METHOD = "/atalaya.users.v1.AccountService/GetOwnAccount"
# Bytes that an account has at least: gRPC's failures have none, and count as 200.
LEAST_ANSWER = 64
GOAL = 1.2


@dataclass
class Door:
    """One way in, and what stands behind it."""

    name: str
    call: h2load.Call
    behind: list[Process]
    micros: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def run(self, requests: int) -> tuple[float, h2load.Load]:
        """Seconds of CPU, and what came back."""
        before = self.cpu()
        load = h2load.run(self.call, f"-n{requests}", f"-c{CONNECTIONS}")
        if load.body_bytes < requests * LEAST_ANSWER:
            raise SystemExit(f"{self.name}: answers without an account")
        return self.cpu() - before, load

    def measure(self) -> None:
        self.run(WARM_UP)
        cpu, load = self.run(REQUESTS)
        self.micros.append(cpu / REQUESTS * 1e6)
        self.rates.append(REQUESTS / load.seconds)

    def to(self, other: "Door") -> float:
        """How many times as much CPU as another door, at the median of the rounds."""
        return statistics.median(a / b for a, b in zip(self.micros, other.micros, strict=True))

    def cpu(self) -> float:
        return sum(process.cpu() for process in self.behind)


def measure(program: str, folder: pathlib.Path) -> str:
    cores = sorted(os.sched_getaffinity(0))
    # What is started inherits this program's cores.
    os.sched_setaffinity(0, cores[:1])
    with doors(program, folder) as every:
        os.sched_setaffinity(0, cores[1:] or cores)
        for _ in range(ROUNDS):
            for door in every:
                door.measure()
    os.sched_setaffinity(0, cores)
    return report(every)


@contextlib.contextmanager
def doors(program: str, folder: pathlib.Path) -> Iterator[list[Door]]:
    with contextlib.ExitStack() as stack:
        whole = stack.enter_context(server(program, folder / "whole"))
        core = stack.enter_context(server(program, folder / "core", "--roles", "grpc"))
        upstream = ("--roles", "bridge", "--upstream", core.url)
        bridge = stack.enter_context(server(program, folder / "bridge", *upstream))
        proxy = stack.enter_context(envoy.transcoder(core.url, folder))
        inside, beside = token(whole.url), token(bridge.url)
        yield [
            Door("gRPC", grpc(whole.url, inside), [whole]),
            Door("REST in process, HTTP/2", rest(whole.url, inside), [whole]),
            Door("REST in process, HTTP/1", rest(whole.url, inside, http1=True), [whole]),
            Door("gRPC, a process without bridge", grpc(core.url, beside), [core]),
            Door("REST, bridge in a second process, HTTP/2", rest(bridge.url, beside), [core, bridge]),
            Door("REST, bridge in a second process, HTTP/1", rest(bridge.url, beside, http1=True), [core, bridge]),
            Door("REST, Envoy's transcoder, HTTP/1", transcoded(proxy.url, beside), [core, proxy]),
        ]


def token(url: str) -> str:
    client = Client(url)
    client.sign_up()
    client.log_in()
    return client.token


def grpc(url: str, token: str) -> h2load.Call:
    return h2load.Call(url + METHOD, h2load.GRPC | bearer(token), h2load.EMPTY_MESSAGE)


def rest(url: str, token: str, *, http1: bool = False) -> h2load.Call:
    return h2load.Call(f"{url}/api/v1/auth/me/", {"cookie": f"access_token={token}"}, http1=http1)


def transcoded(url: str, token: str) -> h2load.Call:
    return h2load.Call(url + METHOD, h2load.JSON | bearer(token), b"{}", http1=True)


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def report(every: list[Door]) -> str:
    rows = []
    for door in every:
        micros = statistics.median(door.micros)
        spread = f"{min(door.micros):.0f} to {max(door.micros):.0f}"
        rows.append([door.name, f"{micros:.0f}", spread, ratio(door.to(every[0])), f"{max(door.rates):,.0f}"])
    heads = ["way", "CPU µs a request", "least to most", "to gRPC", "best requests/s"]
    found = [door.to(every[0]) for door in every[1:3]]
    reached = verdict(max(found) <= GOAL)
    goal = f"Goal, REST in process at most {GOAL} times gRPC: {reached} ({', '.join(map(ratio, found))})."
    return f"{table(heads, rows)}\n\n{goal}"
