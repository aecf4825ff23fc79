"""`make bench-auth`: signatures, what a look at the session costs, a flood of logins, and logins that fail.

Prints Markdown; says which goals are missed. All load comes from this machine.
"""

import pathlib
import tempfile
from importlib.metadata import version

import build
import failures
import flood
import gates
import machine
import signatures


def main() -> None:
    program = build.server()
    parts = {
        "Tokens of each algorithm": signatures.measure,
        f"Reads with an access token, {gates.ROUNDS} rounds, the server on one core": gates.measure,
        f"A flood of logins beside {flood.RATE} healthchecks and {flood.RATE} reads a second": (
            lambda folder: flood.measure(program, folder)
        ),
        "Logins that fail, one in flight": lambda folder: failures.measure(program, folder),
    }
    print(f"{machine.describe()}; PyJWT {version('pyjwt')}, cryptography {version('cryptography')}", flush=True)
    for title, measure in parts.items():
        with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as folder:
            print(f"\n### {title}\n", flush=True)
            print(measure(pathlib.Path(folder)))
            print(f"\nLoad of the machine at the end: {machine.load()}.", flush=True)


if __name__ == "__main__":
    main()
