"""A network of one's own: two namespaces, a wire, and a cable of 20 ms there and back. No packet leaves it. Needs root.

The cable is the `lab` of the tests, and so are the services: what accepts a connection and says nothing.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator

import build

# The target on the wire and at the end of the cable. RFC 2544 sets this network aside for measuring.
NEAR, FAR = "198.18.0.2", "198.18.1.2"
# The same target, behind a firewall that drops whatever is not asked of what is open.
FIREWALLED = "198.18.1.3"
# A network at the end of the cable: its first 32 addresses are the firewalled target, the others are dark.
NETWORK, ALIVE = "198.19.1.0/24", 32
# What all of it is in.
ALL = "198.18.0.0/15"
OPEN = (
    *(21, 22, 25, 53, 80, 110, 143, 443, 445, 993, 3306, 3389, 5432, 6379, 8000, 8080, 8443, 9200, 27017),
    *(31337, 49999, 50000, 65535),
)
DELAY_MS = 10
SERVICES = ",".join(map(str, OPEN))
FIREWALL = f"""table inet lab {{
    set open {{ type inet_service; elements = {{ {SERVICES} }} }}
    chain in {{
        type filter hook input priority 0;
        ip daddr 198.19.1.{ALIVE}-198.19.1.255 drop
        ip protocol icmp accept
        tcp dport @open accept
        ip daddr {{ {FIREWALLED}, {NETWORK} }} drop
    }}
}}"""


class Lab:
    """Two namespaces: where scanners are, and where the target is."""

    def __init__(self, number: int) -> None:
        self.scanner, self.target = (f"atalaya-bench-{os.getpid()}-{number}-{end}" for end in "st")

    def at_scanner(self, *words: object) -> list[str]:
        return at(self.scanner, *words)

    def at_target(self, *words: object) -> list[str]:
        return at(self.target, *words)


@contextlib.contextmanager
def lab(program: str, number: int, loss: float = 0.0) -> Iterator[Lab]:
    """A lab, ended at the end. `program` is the tests' `lab`; the cable loses that part of the frames, each way."""
    made = Lab(number)
    with contextlib.ExitStack() as stack:
        for namespace in (made.scanner, made.target):
            ip("netns", "add", namespace)
            stack.callback(ip, "netns", "delete", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        lay_wire(made)
        stack.enter_context(running(lay_cable(made, program, loss)))
        plug_cable(made)
        run(made.at_target("nft", "-f", "-"), FIREWALL)
        services = stack.enter_context(running(made.at_target(program, "serve", SERVICES), stdin=subprocess.PIPE))
        if services.stdout.readline() != b"listening\n":
            raise SystemExit("the services did not start")
        yield made


def lay_wire(made: Lab) -> None:
    ip("-n", made.scanner, "link", "add", "v0", "type", "veth", "peer", "name", "v1", "netns", made.target)
    plug(made.scanner, "v0", "198.18.0.1/24")
    plug(made.target, "v1", f"{NEAR}/24")


def lay_cable(made: Lab, program: str, loss: float) -> list[str]:
    for namespace, device in ((made.scanner, "d0"), (made.target, "d1")):
        ip("-n", namespace, "tuntap", "add", device, "mode", "tap")
    ends = ["python3", str(build.ROOT / "tests/lab/ends.py"), made.scanner, "d0", made.target, "d1"]
    return [*ends, program, "cable", str(DELAY_MS), str(loss)]


def plug_cable(made: Lab) -> None:
    plug(made.scanner, "d0", "198.18.1.1/24")
    plug(made.target, "d1", f"{FAR}/24", f"{FIREWALLED}/24")
    ip("-n", made.scanner, "route", "add", NETWORK, "via", FAR)
    ip("-n", made.target, "route", "add", "local", NETWORK, "dev", "lo")


def plug(namespace: str, device: str, *addresses: str) -> None:
    for address in addresses:
        ip("-n", namespace, "address", "add", address, "dev", device)
    ip("-n", namespace, "link", "set", device, "txqueuelen", "100000", "up")


@contextlib.contextmanager
def running(command: list[str], **how: object) -> Iterator[subprocess.Popen]:
    with subprocess.Popen(command, stdout=subprocess.PIPE, **how) as popen:
        try:
            yield popen
        finally:
            popen.kill()


def at(namespace: str, *words: object) -> list[str]:
    return ["ip", "netns", "exec", namespace, *map(str, words)]


def ip(*words: str) -> None:
    run(["ip", *words])


def run(command: list[str], told: str | None = None) -> None:
    done = subprocess.run(command, input=told, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}: {done.stderr}")
