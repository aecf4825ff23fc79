"""Words tried below a domain of a local name server, beside a bare loop of questions (dnsperf)."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Iterator

import scanners
from namespaces import Lab
from tables import table

WORDS = 100_000
# Every so many words there is a name.
EVERY = 100
GOAL = 20_000
ROUNDS = 3
PORT = 5300
SERVER = f"127.0.0.1@{PORT}"
# The site behind the domain, at which nothing listens where an analysis looks: at ports 80 and 443.
ZONE = """$ORIGIN bench.test.
$TTL 300
@ SOA ns.bench.test. mail.bench.test. 1 3600 600 86400 300
@ NS ns
ns A 127.0.0.1
@ A 127.0.0.2
"""


def word(number: int) -> str:
    return f"w{number:06}x"


@contextlib.contextmanager
def knot(lab: Lab, folder: pathlib.Path) -> Iterator[None]:
    names = "".join(f"{word(number)} A 127.0.0.3\n" for number in range(0, WORDS, EVERY))
    (folder / "bench.test.zone").write_text(ZONE + names)
    (folder / "knot.conf").write_text(
        f"server:\n  rundir: {folder}\n  listen: {SERVER}\ndatabase:\n  storage: {folder}\n"
        f'log:\n  - target: stderr\n    any: info\ntemplate:\n  - id: default\n    storage: {folder}\n'
        f'    file: "%s.zone"\n    zonefile-sync: -1\nzone:\n  - domain: bench.test\n'
    )
    command = lab.at_target("/usr/sbin/knotd", "-c", folder / "knot.conf")
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as popen:
        try:
            while "server started" not in (line := popen.stderr.readline()):
                if not line:
                    raise SystemExit("knot did not start")
            answers(lab)
            yield
        finally:
            popen.send_signal(signal.SIGTERM)


def answers(lab: Lab) -> None:
    """Zones are loaded behind the start."""
    question = lab.at_target("kdig", "+short", "@127.0.0.1", "-p", PORT, "bench.test", "A")
    for _ in range(100):
        if "127.0.0.2" in subprocess.run(question, capture_output=True, text=True).stdout:
            return
        time.sleep(0.05)
    raise SystemExit("knot does not answer")


def measure(lab: Lab, program: str, folder: pathlib.Path) -> tuple[str, float, int]:
    words = folder / "words"
    words.write_text("".join(f"{word(number)}\n" for number in range(WORDS)))
    questions = folder / "questions"
    questions.write_text("".join(f"{word(number)}.bench.test A\n" for number in range(WORDS)))
    ours = [*scanners.ours(program, folder), "--resolvers", f"127.0.0.1:{PORT}", "--words-file", str(words)]
    command = lab.at_target(*ours, "domain", "--guess", "--timeout", "120s", "--json", "bench.test")
    bare = lab.at_target("dnsperf", "-s", "127.0.0.1", "-p", PORT, "-d", questions, "-n", "1", "-q", "256")
    rows, best, lost = [], 0.0, 0
    with knot(lab, folder):
        looks = [scanners.run(command) for _ in range(ROUNDS)]
        floors = [scanners.run(bare) for _ in range(ROUNDS)]
    for text, took in looks:
        told = json.loads(text)[0]
        found = sum(name["name"].startswith("w") for name in told["subdomains"])
        failed = [failure for failure in told["failures"] if failure["part"].startswith("guesses")]
        lost += WORDS // EVERY - found + len(failed) + told["timed_out"]
        best = max(best, WORDS / took["seconds"])
    rows.append(["Atalaya", f"{best:,.0f}", f"{min(took['cpu_s'] for _, took in looks):.2f}", str(lost)])
    perf = [float(re.search(r"Queries per second:\s+([\d.]+)", text)[1]) for text, _ in floors]
    lost_bare = sum(int(re.search(r"Queries lost:\s+(\d+)", text)[1]) for text, _ in floors)
    cpu = min(took["cpu_s"] for _, took in floors)
    rows.append(["dnsperf, one thread", f"{max(perf):,.0f}", f"{cpu:.2f}", str(lost_bare)])
    told = table(["program", "questions/s", "CPU s", "lost in all runs"], rows)
    return told, best, lost
