"""The scans that are measured, each by all programs in turn, and their goals."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import machine
import scanners
from namespaces import FAR, FIREWALLED, NEAR, NETWORK, ALIVE, OPEN, Lab
from scanners import NMAP, OURS, RUSTSCAN, Scan
from tables import ratio, table

ROUNDS = 3
ALL_PORTS = range(1, 65536)
THOUSAND = range(1, 1001)
# What is open, and what stands beside it.
HUNDRED = sorted({*OPEN, *range(1000, 1077)})
HOST = "127.0.0.1"


@dataclass(frozen=True)
class Case:
    """What is scanned, from where, and how much of each peer's time it may take."""

    name: str
    target: str
    ports: Sequence[int]
    goals: dict[str, float]
    inside: bool = False
    discover: bool = False

    def expected(self) -> scanners.Open:
        hosts = [f"198.19.1.{last}" for last in range(ALIVE)] if self.target == NETWORK else [self.target]
        return frozenset((host, port) for host in hosts for port in OPEN if port in self.ports)


FULL_DROP = Case("65,535 ports, 20 ms, DROP", FIREWALLED, ALL_PORTS, {NMAP: 0.1, RUSTSCAN: 0.3})
FULL_RST = Case("65,535 ports, 20 ms, RST", FAR, ALL_PORTS, {NMAP: 0.3})
FULL_LOOPBACK = Case("65,535 ports, loopback", HOST, ALL_PORTS, {NMAP: 1.0}, inside=True)
FULL_WIRE = Case("65,535 ports, wire of 0 ms, RST", NEAR, ALL_PORTS, {})
SOME_DROP = Case("1,000 ports, 20 ms, DROP", FIREWALLED, THOUSAND, {})
HOSTS = Case("256 hosts x 100 ports, 20 ms, 224 dark", NETWORK, HUNDRED, {NMAP: 0.2}, discover=True)
CASES = (FULL_LOOPBACK, FULL_WIRE, FULL_RST, FULL_DROP, SOME_DROP, HOSTS)
PROGRAMS = (OURS, NMAP, RUSTSCAN)
# Seconds at most for the first thousand ports of a host that drops.
SOME_DROP_GOAL_S = 0.6

Goal = tuple[str, str, bool]
Found = dict[tuple[str, str], list[Scan]]


def command(lab: Lab, case: Case, program: str, ours: list[str]) -> list[str]:
    words = scanners.command(program, ours, case.target, case.ports, case.discover)
    return lab.at_target(*words) if case.inside else lab.at_scanner(*words)


def measure(lab: Lab, ours: list[str], cases: Sequence[Case] = CASES) -> Found:
    found: Found = {}
    for number in range(ROUNDS):
        for case in cases:
            for program in PROGRAMS:
                scan = scanners.scan(program, command(lab, case, program, ours))
                found.setdefault((case.name, program), []).append(scan)
        print(f"round {number + 1} of {ROUNDS}, load {machine.load()}", file=sys.stderr)
    return found


def best(scans: Sequence[Scan], what: Callable[[Scan], float]) -> float:
    return min(what(scan) for scan in scans)


def report(found: Found, cases: Sequence[Case] = CASES) -> str:
    rows = []
    for case in cases:
        expected = case.expected()
        base = found[case.name, OURS]
        for program in PROGRAMS:
            scans = found[case.name, program]
            wall, cpu = best(scans, lambda scan: scan.seconds), best(scans, lambda scan: scan.cpu_s)
            part = ratio(best(base, lambda scan: scan.seconds) / wall)
            part_cpu = ratio(best(base, lambda scan: scan.cpu_s) / cpu)
            missed = max(len(expected - scan.open) for scan in scans)
            phantoms = max(len(scan.open - expected) for scan in scans)
            memory = f"{max(scan.memory_mb for scan in scans):.0f}"
            rows.append(
                [case.name, program, f"{wall:.2f}", part, f"{cpu:.2f}", part_cpu, memory, str(missed), str(phantoms)]
            )
    heads = ["scan", "program", "s", "ours / theirs", "CPU s", "ours / theirs", "MiB", "missed", "phantoms"]
    return table(heads, rows)


def goals(found: Found, cases: Sequence[Case] = CASES) -> list[Goal]:
    """Each goal with what came of it, and whether it is reached."""
    told = []
    for case in cases:
        for program, most in case.goals.items():
            ours, theirs = (best(found[case.name, who], lambda scan: scan.seconds) for who in (OURS, program))
            told.append((f"{case.name}: <= {most} x {program}", ratio(ours / theirs), ours <= most * theirs))
        wrong = sum(len(scan.open ^ case.expected()) for scan in found[case.name, OURS])
        told.append((f"{case.name}: every open port and no other", f"{wrong} wrong", wrong == 0))
    seconds = best(found[SOME_DROP.name, OURS], lambda scan: scan.seconds)
    told.append((f"{SOME_DROP.name}: <= {SOME_DROP_GOAL_S} s", f"{seconds:.2f} s", seconds <= SOME_DROP_GOAL_S))
    return told


