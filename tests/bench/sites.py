"""`make bench-scans`: what scans of sites find out of a server, beside those who find out the same, and how soon they
have a picture of it; in network namespaces that this builds itself, one of them behind a cable of 20 ms. As root; takes
some minutes.

Rounds go through all programs in turn, so that a busy machine slows all of them alike. Prints Markdown; says which
goals are missed.
"""

import pathlib
import tempfile

import build
import handshakes
import machine
import pictures
import services
from namespaces import lab
from tables import verdict


def main() -> None:
    tools = build.lab()
    programs = f"{handshakes.versions()}, {services.versions()}, {pictures.versions()}"
    print(f"{machine.describe()}; {programs}", flush=True)
    goals = []
    for title, measure in (
        (f"TLS, least of {handshakes.ROUNDS} runs", tls),
        (f"Versions of three sites, least of {services.ROUNDS} runs", services.measure_time),
        ("Services of Debian's servers", services.measure_sameness),
        (f"Pictures, least of {pictures.ROUNDS} runs", pictures.measure),
    ):
        print(f"\n### {title}, load {machine.load()}\n", flush=True)
        told, reached = measure(tools)
        print(told, flush=True)
        goals += reached
    print("\n### Goals\n")
    for goal, came, reached in goals:
        print(f"- {goal}: {verdict(reached)}, {came}")
    print(f"\nLoad of the machine at the end: {machine.load()}.")


def tls(tools: str) -> tuple[str, list[handshakes.Goal]]:
    with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as name, lab(tools, 0) as calm:
        return handshakes.measure(calm, tools, pathlib.Path(name))


if __name__ == "__main__":
    main()
