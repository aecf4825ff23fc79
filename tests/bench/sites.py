"""`make bench-scans`: what scans of sites find out of a server, beside those who find out the same, in a lab of two
namespaces with a cable of 20 ms that this builds itself. As root; takes some minutes.

Rounds go through all programs in turn, so that a busy machine slows all of them alike. Prints Markdown; says which
goals are missed.
"""

import pathlib
import tempfile

import build
import handshakes
import machine
from namespaces import lab
from tables import verdict


def main() -> None:
    tools = build.built("build", "--release", "--package", "atalaya-tests", "--bin", "lab")
    print(f"{machine.describe()}; {handshakes.versions()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as name, lab(tools, 0) as calm:
        print(f"\n### TLS, least of {handshakes.ROUNDS} runs, load {machine.load()}\n", flush=True)
        told, goals = handshakes.measure(calm, tools, pathlib.Path(name))
        print(told, flush=True)
    print("\n### Goals\n")
    for goal, came, reached in goals:
        print(f"- {goal}: {verdict(reached)}, {came}")
    print(f"\nLoad of the machine at the end: {machine.load()}.")


if __name__ == "__main__":
    main()
