"""From exec to the line that says ready, and the memory of a server that does nothing."""

import pathlib
import statistics
import time

from client import Client
from server import server
from tables import table, verdict

ROUNDS = 7
READY_GOAL_S, MEMORY_GOAL_MIB = 1.0, 40
# After a login, for a little longer than the server keeps memory for the next.
QUIET_S = 12


def measure(program: str, folder: pathlib.Path) -> str:
    fresh, again, idle, used, quiet = [], [], [], [], []
    for number in range(ROUNDS):
        data = folder / f"start-{number}"
        with server(program, data) as house:
            fresh.append(house.ready_s)
            idle.append(house.memory())
            client = Client(house.url)
            client.sign_up()
            client.log_in()
            used.append(house.memory())
            time.sleep(QUIET_S)
            quiet.append(house.memory())
        with server(program, data) as house:
            again.append(house.ready_s)
    rows = [
        row("ready, new data folder, ms", [s * 1000 for s in fresh]),
        row("ready, existing data folder, ms", [s * 1000 for s in again]),
        row("resident when ready, MiB", idle),
        row("resident after the first sign-up and login, MiB", used),
        row(f"resident {QUIET_S} s later, MiB", quiet),
    ]
    ready, memory = max(fresh + again) <= READY_GOAL_S, max(idle + quiet) <= MEMORY_GOAL_MIB
    goal = (
        f"Goals: ready within {READY_GOAL_S:.0f} s: {verdict(ready)}; "
        f"at most {MEMORY_GOAL_MIB} MiB idle: {verdict(memory)}."
    )
    return f"{table(['', 'median', 'least', 'most'], rows)}\n\n{goal}"


def row(name: str, values: list[float]) -> list[str]:
    return [name, *(f"{figure(values):.1f}" for figure in (statistics.median, min, max))]
