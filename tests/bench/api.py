"""`make bench-api`: reads through every door, starts, edits through the queue.

Prints Markdown; says which goals are missed. All load comes from this machine:
from h2load with one thread each, and for edits from this program.
"""

import pathlib
import tempfile

import build
import envoy
import machine
import queued
import reads
import starts

PARTS = {
    "Starts and memory": starts.measure,
    f"One small read, median of {reads.ROUNDS} x {reads.REQUESTS:,}, the server on one core": reads.measure,
    "Edits through the queue": queued.measure,
}


def main() -> None:
    program = build.server()
    print(f"{machine.describe()}; Envoy {envoy.version()}", flush=True)
    for title, measure in PARTS.items():
        with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as folder:
            print(f"\n### {title}\n", flush=True)
            print(measure(program, pathlib.Path(folder)))
            print(f"\nLoad of the machine at the end: {machine.load()}.", flush=True)


if __name__ == "__main__":
    main()
