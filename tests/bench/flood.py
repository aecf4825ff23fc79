"""A flood of logins, and what its neighbours feel of it.

32 clients log in again and again; one connection asks for the health 200 times a second, another reads an
account as often. Those two do not wait for answers before they ask again, so a stall is not overlooked.
"""

import contextlib
import json
import pathlib
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import client
import h2load
import reads
from server import Server, server
from tables import table, verdict

SECONDS = 25
# The flood begins a little before its neighbours and ends after them.
MARGIN = 1
CLIENTS = 32
RATE = 200
P99_GOAL_MS, LOGINS_GOAL = 25, 45
NEIGHBOURS = ("healthcheck, REST", "own account, gRPC")


@dataclass
class Spell:
    """What the neighbours met while something went on: milliseconds of each one's calls, in order."""

    name: str
    healths: list[float]
    accounts: list[float]

    def p99(self) -> float:
        return max(share(self.healths, 0.99), share(self.accounts, 0.99))


def measure(program: str, folder: pathlib.Path) -> str:
    with server(program, folder / "flood") as house:
        visitor = client.Client(house.url)
        visitor.sign_up()
        visitor.log_in()
        idle = house.memory()
        calm = neighbours(house, visitor.token, "nobody logs in", folder)
        house.forget_peak()
        hashing, total = house.threads("hash"), house.cpu()
        with logins(house.url) as flood:
            time.sleep(MARGIN)
            busy = neighbours(house, visitor.token, f"{CLIENTS} clients log in", folder)
        hashing = [after - before for before, after in zip(hashing, house.threads("hash"), strict=True)]
        made = logins_report(flood[0], hashing, house.cpu() - total)
        memory = f"Memory: {idle:.0f} MiB before, {house.memory('VmHWM'):.0f} MiB at most."
    return "\n\n".join([latency_table([calm, busy]), made, memory, goals(busy, flood[0], len(hashing))])


@contextlib.contextmanager
def logins(url: str) -> Iterator[list[h2load.Load]]:
    """The flood around a block; what came of it is in the list afterwards."""
    account = json.dumps({"email": client.EMAIL, "password": client.PASSWORD}).encode()
    call = h2load.Call(f"{url}/api/v1/auth/login/", h2load.JSON, account, http1=True)
    came: list[h2load.Load] = []
    with tempfile.NamedTemporaryFile() as body:
        command = h2load.command(call, body, f"-c{CLIENTS}", f"-D{SECONDS + 2 * MARGIN}")
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as popen:
            yield came
            came.append(h2load.read(popen.communicate()[0]))


def neighbours(house: Server, token: str, name: str, folder: pathlib.Path) -> Spell:
    """Both neighbours at once, each from a program of its own."""
    calls = [h2load.Call(f"{house.url}/api/v1/healthcheck/"), reads.grpc(house.url, token)]
    logs = [folder / "health.log", folder / "account.log"]
    with contextlib.ExitStack() as stack:
        running = []
        for call, log in zip(calls, logs, strict=True):
            body = stack.enter_context(tempfile.NamedTemporaryFile())
            flags = ("-c1", "-m60", f"--rps={RATE}", f"-D{SECONDS}", f"--log-file={log}")
            running.append(subprocess.Popen(h2load.command(call, body, *flags), stdout=subprocess.DEVNULL))
        for popen in running:
            if popen.wait() != 0:
                raise SystemExit("h2load failed")
    healths, accounts = map(milliseconds, logs)
    return Spell(name, healths, accounts)


def milliseconds(log: pathlib.Path) -> list[float]:
    found = h2load.latencies(log)
    log.unlink()
    if any(status != 200 for status, _ in found):
        raise SystemExit("a neighbour was refused")
    return sorted(millis for _, millis in found)


def latency_table(every: list[Spell]) -> str:
    rows = []
    for spell in every:
        for neighbour, millis in zip(NEIGHBOURS, (spell.healths, spell.accounts), strict=True):
            figures = [statistics.median(millis), share(millis, 0.95), share(millis, 0.99), millis[-1]]
            rows.append([spell.name, neighbour, f"{len(millis)}", *(f"{figure:.2f}" for figure in figures)])
    return table(["while", "neighbour", "calls", "p50 ms", "p95 ms", "p99 ms", "most ms"], rows)


def share(ordered: list[float], part: float) -> float:
    return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


def logins_report(flood: h2load.Load, hashing: list[float], total: float) -> str:
    each, threads = sum(hashing) / (flood.succeeded + flood.refused), len(hashing)
    return (
        f"Logins: {flood.succeeded} in {flood.seconds:.1f} s, {rate(flood, threads):.1f} a second and hash thread "
        f"(there are {threads}); turned away as too many: {flood.refused}. A login costs the thread "
        f"{each * 1000:.1f} ms of CPU, so with a core to itself it makes {1 / each:.1f} a second; it had "
        f"{sum(hashing) / flood.seconds / threads:.0%} of one. "
        f"The whole server used {total / flood.seconds:.2f} cores."
    )


def goals(busy: Spell, flood: h2load.Load, threads: int) -> str:
    return (
        f"Goals: a neighbour's p99 at most {P99_GOAL_MS} ms: {verdict(busy.p99() <= P99_GOAL_MS)}; "
        f"{LOGINS_GOAL} logins a second and hash thread: {verdict(rate(flood, threads) >= LOGINS_GOAL)}."
    )


def rate(flood: h2load.Load, threads: int) -> float:
    return flood.succeeded / flood.seconds / threads
