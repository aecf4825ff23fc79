"""`make bench-network`: scans of ports beside nmap and RustScan, in a lab of two namespaces with a cable of 20 ms that
this builds itself; what they miss, make up and lose; memory; subdomains. As root; takes a quarter of an hour.

Every scan is a process of its own; rounds go through all programs in turn, so that a busy machine slows all of them
alike. Prints Markdown; says which goals are missed.
"""

import pathlib
import tempfile

import build
import limits
import machine
import scanners
import scans
import subdomains
from namespaces import lab
from tables import verdict


def main() -> None:
    program, tools = build.server(), build.lab()
    print(f"{machine.describe()}; {scanners.versions()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as name:
        folder = pathlib.Path(name)
        ours = scanners.ours(program, folder)
        goals = []
        with lab(tools, 0) as calm:
            goals += scan(calm, ours, tools)
            goals += discover(calm)
            goals += remember(calm, program, folder)
            goals += guess(calm, program, folder)
        with lab(tools, 1, limits.LOSS) as lossy:
            goals += lose(lossy, ours)
    print("\n### Goals\n")
    for goal, came, reached in goals:
        print(f"- {goal}: {verdict(reached)}, {came}")
    print(f"\nLoad of the machine at the end: {machine.load()}.")


def scan(calm: scans.Lab, ours: list[str], tools: str) -> list[scans.Goal]:
    print(f"\n### Ports, least of {scans.ROUNDS} runs, load {machine.load()}\n", flush=True)
    found = scans.measure(calm, ours)
    print(scans.report(found), "\n", flush=True)
    print(limits.floors(calm, tools), flush=True)
    phantoms = limits.phantoms(calm, ours)
    print(f"Wrong ports of loopback in all runs: {phantoms}.", flush=True)
    wrong = phantoms[scanners.OURS]
    goal = f"65,535 ports, loopback: no phantoms in {limits.PHANTOM_RUNS} runs"
    return [*scans.goals(found), (goal, f"{wrong} wrong", wrong == 0)]


def discover(calm: scans.Lab) -> list[scans.Goal]:
    print(f"\n### Who is there, of 256, load {machine.load()}\n", flush=True)
    print(limits.discovery(calm), flush=True)
    return []


def remember(calm: scans.Lab, program: str, folder: pathlib.Path) -> list[scans.Goal]:
    idle, most = limits.Memory(calm, program, folder / "server").measure()
    print(f"\n### Memory\n\nThe server: {idle:.1f} MiB idle, at most {most:.1f} during a full scan.", flush=True)
    goal = f"a full scan: at most {limits.MEMORY_GOAL_MB} MB above idle"
    return [(goal, f"{most - idle:.1f} MiB", (most - idle) * 1.048576 <= limits.MEMORY_GOAL_MB)]


def guess(calm: scans.Lab, program: str, folder: pathlib.Path) -> list[scans.Goal]:
    print(f"\n### Words below a domain, load {machine.load()}\n", flush=True)
    told, best, lost = subdomains.measure(calm, program, folder)
    print(told, flush=True)
    goal = f"words below a domain: at least {subdomains.GOAL:,} questions/s, none lost"
    return [(goal, f"{best:,.0f}, {lost} lost", best >= subdomains.GOAL and lost == 0)]


def lose(lossy: scans.Lab, ours: list[str]) -> list[scans.Goal]:
    print(f"\n### {limits.LOSS:.0%} lost each way, {limits.LOSS_RUNS} runs, load {machine.load()}\n", flush=True)
    told, whole = limits.lossy(lossy, ours)
    print(told, flush=True)
    return [("recall at 5 % loss: all, and the loss told", "see above", whole)]


if __name__ == "__main__":
    main()
