"""What the look at the session costs: reads with an access token behind the server's gate, and behind one that
believes the signature.

Both gates stand in one process, on a port each (gates.rs); rounds go from one to the other. Here too the server
has one core and the load generator another.
"""

import json
import os
import pathlib
import statistics
import subprocess

import build
from reads import Door, grpc
from server import Process, environment
from tables import ratio, table, verdict

ROUNDS = 15
GOAL = 1.15


def measure(folder: pathlib.Path) -> str:
    program = build.bench("gates")
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])
    command = [program, folder / "gates"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(), text=True) as popen:
        # What was started keeps the one core.
        os.sched_setaffinity(0, cores[1:] or cores)
        told = json.loads(popen.stdout.readline())
        process, token = Process(popen.pid), told["token"]
        checked = Door("with the look at the session", grpc(told["checked"], token), [process])
        believed = Door("signature and claims alone", grpc(told["believed"], token), [process])
        for _ in range(ROUNDS):
            for door in (checked, believed):
                door.measure()
        popen.stdin.close()
    os.sched_setaffinity(0, cores)
    return report(checked, believed)


def report(checked: Door, believed: Door) -> str:
    rows = []
    for door in (checked, believed):
        least, median, most = min(door.micros), statistics.median(door.micros), max(door.micros)
        figures = [f"{least:.0f}", f"{median:.0f}", f"{most:.0f}", ratio(door.to(believed)), f"{max(door.rates):,.0f}"]
        rows.append([door.name, *figures])
    best = min(checked.micros) / min(believed.micros)
    heads = ["gate", "CPU µs a read, least", "median", "most", "to without", "best reads/s"]
    goal = (
        f"Goal, the look at the session at most {GOAL} times: {verdict(checked.to(believed) <= GOAL)} "
        f"({ratio(checked.to(believed))} at the median, {ratio(best)} least to least)."
    )
    return f"{table(heads, rows)}\n\n{goal}"
