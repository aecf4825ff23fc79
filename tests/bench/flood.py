"""A flood of logins, and what its neighbours feel of it.

32 clients log in again and again, each to an account of its own: logins to one would stand in line. One connection asks for the health 200 times a second, another reads an
account as often. Those two do not wait for answers before they ask again, so a stall is not overlooked.
"""

import concurrent.futures
import contextlib
import pathlib
import statistics
import subprocess
import tempfile
import threading
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
        visitor, *others = (client.Client(house.url, f"mara-{number}@example.com") for number in range(CLIENTS + 1))
        for each in (visitor, *others):
            each.sign_up()
        visitor.log_in()
        idle = house.memory()
        calm = neighbours(house, visitor.token, "nobody logs in", folder)
        house.forget_peak()
        hashing, total = house.threads("hash"), house.cpu()
        with logins(others) as flood:
            time.sleep(MARGIN)
            busy = neighbours(house, visitor.token, f"{CLIENTS} clients log in", folder)
        hashing = [after - before for before, after in zip(hashing, house.threads("hash"), strict=True)]
        made = logins_report(flood, hashing, house.cpu() - total)
        memory = f"Memory: {idle:.0f} MiB before, {house.memory('VmHWM'):.0f} MiB at most."
    return "\n\n".join([latency_table([calm, busy]), made, memory, goals(busy, flood, len(hashing))])


@dataclass
class Flood:
    """What came of the logins."""

    succeeded: int = 0
    refused: int = 0
    seconds: float = 0.0


@contextlib.contextmanager
def logins(visitors: list[client.Client]) -> Iterator[Flood]:
    """The flood around a block; what came of it is known afterwards."""
    flood, begin = Flood(), time.monotonic()
    over = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(len(visitors)) as pool:
        counts = [pool.submit(log_in_until, over, visitor) for visitor in visitors]
        try:
            yield flood
            time.sleep(MARGIN)
        finally:
            over.set()
        for count in counts:
            succeeded, refused = count.result()
            flood.succeeded += succeeded
            flood.refused += refused
    flood.seconds = time.monotonic() - begin


def log_in_until(over: threading.Event, visitor: client.Client) -> tuple[int, int]:
    """How often it went well and how often not."""
    succeeded = refused = 0
    # The server has not waited for a second request this long; the next one connects anew.
    visitor.connection.close()
    while not over.is_set():
        # Whoever is logged in can't log in.
        visitor.token = ""
        try:
            visitor.log_in()
            succeeded += 1
        except client.Refused:
            refused += 1
    return succeeded, refused


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


def logins_report(flood: Flood, hashing: list[float], total: float) -> str:
    each, threads = sum(hashing) / (flood.succeeded + flood.refused), len(hashing)
    return (
        f"Logins: {flood.succeeded} in {flood.seconds:.1f} s, {rate(flood, threads):.1f} a second and hash thread "
        f"(there are {threads}); turned away as too many: {flood.refused}. A login costs the thread "
        f"{each * 1000:.1f} ms of CPU, so with a core to itself it makes {1 / each:.1f} a second; it had "
        f"{sum(hashing) / flood.seconds / threads:.0%} of one. "
        f"The whole server used {total / flood.seconds:.2f} cores."
    )


def goals(busy: Spell, flood: Flood, threads: int) -> str:
    return (
        f"Goals: a neighbour's p99 at most {P99_GOAL_MS} ms: {verdict(busy.p99() <= P99_GOAL_MS)}; "
        f"{LOGINS_GOAL} logins a second and hash thread: {verdict(rate(flood, threads) >= LOGINS_GOAL)}."
    )


def rate(flood: Flood, threads: int) -> float:
    return flood.succeeded / flood.seconds / threads
