"""Scanners as programs: how each is called, what it found, and what it took."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import build
import namespaces

OURS, NMAP, RUSTSCAN = "Atalaya", "nmap", "RustScan"
RUSTSCAN_HOME = build.ROOT / "tests/.cache/rustscan"
# In which order RustScan's `-a` and nmap's targets come does not matter; names and scripts are switched off everywhere.
RUSTSCAN_FLAGS = ("--no-config", "--accessible", "--scripts", "none")

Open = frozenset[tuple[str, int]]


@dataclass(frozen=True)
class Scan:
    """What one scan took, and found."""

    seconds: float
    cpu_s: float
    memory_mb: float
    open: Open
    summary: dict


def command(program: str, ours: list[str], target: str, ports: Sequence[int], discover: bool = False) -> list[str]:
    """`ours` is our program with its settings. `discover` lets nmap look first who is there, which is faster there."""
    if program == OURS:
        return [*ours, "ports", "-p", ranges(ports), "--json", target]
    if program == NMAP:
        first = [] if discover else ["-Pn"]
        return ["nmap", "-n", *first, "-sT", "-T4", "-p", ranges(ports), "-oG", "-", target]
    which = ["-r", f"{ports[0]}-{ports[-1]}"] if whole(ports) else ["-p", ",".join(map(str, ports))]
    return [str(RUSTSCAN_HOME / "bin/rustscan"), *RUSTSCAN_FLAGS, "-a", target, *which]


def whole(ports: Sequence[int]) -> bool:
    return len(ports) == ports[-1] - ports[0] + 1


def ranges(ports: Sequence[int]) -> str:
    return f"{ports[0]}-{ports[-1]}" if whole(ports) else ",".join(map(str, ports))


def scan(program: str, words: list[str]) -> Scan:
    """Runs it to its end, and reads what it found."""
    text, took = run(words)
    found, summary = READERS[program](text)
    return Scan(**took, open=found, summary=summary)


def run(words: list[str], may_fail: bool = False) -> tuple[str, dict[str, float]]:
    """What a program says, and what it took. CPU and memory are its own and those of processes that it waited for."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as complaints:
        begin = time.monotonic()
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, stderr=complaints)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode and not may_fail:
            raise SystemExit(f"{' '.join(words)[:200]}: {child.returncode}: {read(complaints)[-400:]}")
        cpu_s, memory_mb = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
        return read(output), {"seconds": seconds, "cpu_s": cpu_s, "memory_mb": memory_mb}


def read(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def read_ours(text: str) -> tuple[Open, dict]:
    told = json.loads(text)
    ports = ((port["address"], port["port"]) for port in told["ports"] if port["state"] == "open")
    return frozenset(ports), told["summary"]


def read_nmap(text: str) -> tuple[Open, dict]:
    hosts = re.finditer(r"^Host: (\S+) .*\tPorts: (.*)$", text, re.MULTILINE)
    ports = ((host[1], int(port)) for host in hosts for port in re.findall(r"(\d+)/open/tcp", host[2]))
    return frozenset(ports), {}


def read_rustscan(text: str) -> tuple[Open, dict]:
    found = re.findall(r"^Open (\S+):(\d+)$", text, re.MULTILINE)
    return frozenset((address, int(port)) for address, port in found), {}


READERS = {OURS: read_ours, NMAP: read_nmap, RUSTSCAN: read_rustscan}


def ours(program: str, folder: pathlib.Path) -> list[str]:
    """Our program for the lab: its networks are special ones, which nobody may look at unless the operator says so."""
    allowed = f"{namespaces.ALL},127.0.0.0/8"
    return [program, "--data-dir", str(folder), "--allow-targets", allowed, "--log-level", "error"]


def versions() -> str:
    nmap = first_line("nmap", "--version").split(" (")[0]
    fping = first_line("fping", "--version")
    rustscan = first_line(str(RUSTSCAN_HOME / "bin/rustscan"), "--version")
    return f"{nmap}, {rustscan}, {fping}"


def first_line(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()[0]
