"""What a scan could not be faster than, and what it must not cost: floors, phantoms, lost packets, memory."""

import pathlib
import re
import subprocess

import namespaces
import scanners
import scans
import server
from namespaces import Lab
from scanners import OURS
from scans import FULL_LOOPBACK, FULL_RST, PROGRAMS
from tables import table

PHANTOM_RUNS = 20
LOSS_RUNS = 5
LOSS = 0.05
MEMORY_GOAL_MB = 25
# The ports that are looked for where packets get lost: the first thousand, and what is open above.
LOSSY_PORTS = sorted({*scans.THOUSAND, *namespaces.OPEN})
PASSWORD = "a-long-password-1"


def floors(lab: Lab, program: str) -> str:
    """Blocking connections one after the other: the kernel alone, on one thread."""
    knock = [program, "knock", scans.HOST, "1-65535"]
    runs = [scanners.run(lab.at_target(*knock))[1] for _ in range(scans.ROUNDS)]
    seconds, cpu_s = (min(took[what] for took in runs) for what in ("seconds", "cpu_s"))
    ping = lab.at_scanner("fping", "-q", "-c5", "-p100", namespaces.FAR)
    told = subprocess.run(ping, capture_output=True, text=True, check=True).stderr
    round_trip = re.search(r"min/avg/max = [\d.]+/([\d.]+)/", told)[1]
    return (
        f"A bare loop of 65,535 blocking connections to loopback takes {seconds:.2f} s ({cpu_s:.2f} s of CPU). "
        f"A ping over the cable takes {round_trip} ms."
    )


def phantoms(lab: Lab, ours: list[str]) -> dict[str, int]:
    """Ports of loopback that are told open and are not, in all runs; the peers run a quarter as often."""
    told = {}
    for program in PROGRAMS:
        runs = PHANTOM_RUNS if program == OURS else PHANTOM_RUNS // 4
        command = scans.command(lab, FULL_LOOPBACK, program, ours)
        found = [scanners.scan(program, command).open for _ in range(runs)]
        told[program] = sum(len(open_ ^ FULL_LOOPBACK.expected()) for open_ in found)
    return told


def lossy(lab: Lab, ours: list[str]) -> tuple[str, bool]:
    """How much is found where each way loses a twentieth of its packets, and what is told of the loss."""
    rows, whole = [], True
    for state, target in (("RST", namespaces.FAR), ("DROP", namespaces.FIREWALLED)):
        case = scans.Case(state, target, LOSSY_PORTS, {})
        for program in PROGRAMS:
            found = [scanners.scan(program, scans.command(lab, case, program, ours)) for _ in range(LOSS_RUNS)]
            sought = len(case.expected()) * LOSS_RUNS
            hit = sum(len(scan.open & case.expected()) for scan in found)
            told = [scan.summary.get("loss_estimate") for scan in found]
            loss = ", ".join(f"{value:.1%}" for value in told if value is not None)
            seconds = [scan.seconds for scan in found]
            whole = whole and (program != OURS or (hit == sought and None not in told))
            spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
            rows.append([state, program, f"{hit} of {sought}", spread, loss or "not told"])
    return table(["unanswered ports", "program", "found", "s", "loss told"], rows), whole


def discovery(lab: Lab) -> str:
    """How soon others know which of 256 hosts are there: what a scan of them could begin with."""
    fping = ["fping", "-a", "-r1", "-t200", "-i1", "-g", "198.19.1.0", "198.19.1.255"]
    nmap = ["nmap", "-n", "-sn", "-T4", "-oG", "-", namespaces.NETWORK]
    rows = []
    for name, words in (("fping", fping), ("nmap -sn", nmap)):
        # fping's exit status tells that some did not answer.
        runs = [scanners.run(lab.at_scanner(*words), may_fail=True) for _ in range(scans.ROUNDS)]
        there = [re.findall(r"198\.19\.1\.\d+(?=$| \(\)\tStatus: Up)", text, re.MULTILINE) for text, _ in runs]
        found = [len(set(addresses)) for addresses in there]
        seconds, cpu_s = (min(took[what] for _, took in runs) for what in ("seconds", "cpu_s"))
        rows.append([name, f"{seconds:.2f}", f"{cpu_s:.2f}", f"{min(found)} of {namespaces.ALIVE}"])
    return table(["program", "s", "CPU s", "found"], rows)


class Memory:
    """A server in the namespace, which scans on behalf of an account while its memory is watched."""

    def __init__(self, lab: Lab, program: str, folder: pathlib.Path) -> None:
        folder.mkdir()
        self.lab, self.program, self.folder = lab, program, folder

    def measure(self) -> tuple[float, float]:
        """Resident MiB when idle, and at most while all ports of a host are scanned and told."""
        command = self.lab.at_scanner(
            *scanners.ours(self.program, self.folder), "--listen", "127.0.0.1:8080", "--rate-limits", "off"
        )
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as popen:
            try:
                while "listening on" not in popen.stderr.readline():
                    if popen.poll() is not None:
                        raise SystemExit("the server did not start")
                return self.watch(server.Process(popen.pid))
            finally:
                popen.terminate()

    def watch(self, process: server.Process) -> tuple[float, float]:
        # Whoever has logged in has made the memory of the password's hash.
        token = self.token()
        idle = process.memory()
        process.forget_peak()
        self.scan(token)
        return idle, process.memory("VmHWM")

    def scan(self, token: pathlib.Path) -> None:
        command = [self.program, "ports", "-p", "-", "--json"]
        command += ["--server", "http://127.0.0.1:8080", "--token-file", token, FULL_RST.target]
        scanners.scan(OURS, self.lab.at_scanner(*command))

    def token(self) -> pathlib.Path:
        url, who = "http://127.0.0.1:8080", ("-d", "user=mara", "-d", f"pass={PASSWORD}")
        for how in (("-o", "/dev/null", f"{url}/user"), ("-X", "GET", f"{url}/token")):
            command = self.lab.at_scanner("curl", "-sf", *how, *who)
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        file = self.folder / "token"
        file.write_text(told)
        return file
