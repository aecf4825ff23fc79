"""Who serves at a port, and which version of what: ours beside nmap's, of the servers that tests/servers has, and how
long both take for three sites of nginx. Both have the same task: to see which of the named ports are open, and to name
what is there. Ours is the server's own code, called as scans call it, without what they do beside: pings, TLS,
certificates, pictures. nmap has its usual settings, without pings and names too.
"""

import json
import re
import sys
import xml.etree.ElementTree as tree
from dataclasses import dataclass

import machine
import scanners
import town
from tables import ratio, table
from town import Port, Town

ROUNDS = 3
# Of nmap's time for three sites, at most; and the part of services of which the same is said, at least.
TIME, SAME = 0.1, 0.9
NMAP = ("nmap", "-n", "-Pn", "-sV", "-oX", "-")
# nmap's names of programs that we call otherwise, in small letters.
ALIASES = {
    "isc bind": "bind",
    "cz.nic knot dns": "knot dns",
    "postgresql db": "postgresql",
    "snmpv1 server; net-snmp snmpv3 server": "net-snmp",
}
# What its script for MQTT puts in the place of the service's name, which has no place for a version.
MOSQUITTO = re.compile(r"mosquitto version (\S+)")
# MariaDB greets as a MySQL of this version, which old clients insist on, before it tells its own.
MARIADB = re.compile(r"(?:5\.5\.5-)?(\S+)-MariaDB\b.*")
# Servers of NTP tell their protocol alone, which nmap puts in the place of a program.
NTP = re.compile(r"NTP(v\d+)\b.*")
# What Debian adds to a version.
REVISION = re.compile(r"( Debian|[-+~]).*")

Goal = tuple[str, str, bool]
Told = dict[Port, "Program"]


@dataclass(frozen=True)
class Program:
    """What is said of who serves at a port, each an empty text where nothing is."""

    product: str
    version: str

    def __str__(self) -> str:
        return f"{self.product} {self.version}".strip() or "nothing"

    def plain(self) -> "Program":
        """The same in our words: without capitals and what Debian adds, and each program by one name."""
        product, version = self.product.lower(), self.version
        if (mariadb := MARIADB.fullmatch(version)) and product == "mysql":
            product, version = "mariadb", mariadb[1]
        return Program(ALIASES.get(product, product), REVISION.sub("", version))


@dataclass(frozen=True)
class Look:
    """What was told of the services, and what that took."""

    told: Told
    seconds: float
    cpu_s: float


def ours(at: Town, tools: str, tcp: str, udp: str = "") -> Look:
    text, took = scanners.run(at.at(tools, "services", ",".join(at.hosts()), tcp, udp))
    told = {}
    for it in json.loads(text):
        ntp = NTP.fullmatch(it["extrainfo"] or "") if it["service"] == "ntp" else None
        program = Program("NTP", ntp[1]) if ntp else Program(it["product"] or "", it["version"] or "")
        told[Port(it["address"], it["protocol"], it["port"])] = program
    return Look(told, took["seconds"], took["cpu_s"])


def theirs(at: Town, tcp: str, udp: str = "") -> Look:
    ports = ["-sS", "-sU", "-p", f"T:{tcp},U:{udp}"] if udp else ["-p", tcp]
    text, took = scanners.run(at.at(*NMAP, *ports, *at.hosts()))
    told = {}
    for host in tree.fromstring(text).iter("host"):
        address = host.find("address").get("addr")
        for port in host.iter("port"):
            if port.find("state").get("state") == "open":
                where = Port(address, port.get("protocol"), int(port.get("portid")))
                told[where] = program_of(port.find("service"))
    return Look(told, took["seconds"], took["cpu_s"])


def program_of(service: tree.Element | None) -> Program:
    if service is None:
        return Program("", "")
    if mosquitto := MOSQUITTO.fullmatch(service.get("name")):
        return Program("Eclipse Mosquitto", mosquitto[1])
    return Program(service.get("product", ""), service.get("version", ""))


def versions() -> str:
    return scanners.first_line("nmap", "--version").split(" (")[0]


def measure_sameness(tools: str) -> tuple[str, list[Goal]]:
    """A table of all services, the differences, and the goal with what came of it."""
    with town.town(town.ALL) as made:
        tcp, udp = made.numbers("tcp"), made.numbers("udp")
        mine, peer = ours(made, tools, tcp, udp), theirs(made, tcp, udp)
    rows, different, wrong, named = [], [], [], 0
    for port, server in sorted(made.ports().items(), key=lambda it: (it[1].name, it[0])):
        said, other = (look.told.get(port, Program("", "")) for look in (mine, peer))
        same = said.plain() == other.plain()
        named += bool(other.product)
        name, really = f"{server.name}, {port.protocol} {port.number}", town.packaged(server.package)
        rows.append([name, really, str(said), str(other), "yes" if same else "no"])
        if not same:
            different.append(f"- {name}, {really}: ours says {said}, nmap {other}")
        if said.version and said.product != "NTP" and not is_of(said.plain().version, really):
            wrong.append(name)
    count = len(rows)
    equal = count - len(different)
    heads = ["service", "package", "ours", "nmap", "the same"]
    share = f"The same: {equal} of {count}, {equal / count:.1%}; of the {named} of which nmap names a program "
    share += f"{equal / named:.1%}. Different:"
    took = f"All of them, one run each: ours {mine.seconds:.2f} s, nmap {peer.seconds:.2f} s."
    told = [table(heads, rows), "", share, "", *different, "", took]
    goals = [
        (f"Services: the same as nmap for >= {SAME:.0%}", f"{equal / count:.1%}", equal >= SAME * count),
        ("Services: no version that the package has not", ", ".join(wrong) or "none", not wrong),
    ]
    return "\n".join(told), goals


def is_of(version: str, whole: str) -> bool:
    """Whether a version is another, or its beginning."""
    return whole == version or whole.startswith(f"{version}.")


def measure_time(tools: str) -> tuple[str, list[Goal]]:
    """A table, and each goal with what came of it and whether it is reached."""
    rows, goals = [], []
    with town.town(town.SITES) as made:
        for name, port in (("three nginx, HTTP", "80"), ("three nginx, HTTPS", "443")):
            runs = [(ours(made, tools, port), theirs(made, port)) for _ in range(ROUNDS)]
            check(runs)
            (fast, cpu), (slow, cpu_slow) = (least([pair[who] for pair in runs]) for who in (0, 1))
            took = [f"{fast:.3f}", f"{slow:.2f}", f"{fast / slow:.3f}"]
            rows.append([name, *took, f"{cpu:.3f}", f"{cpu_slow:.2f}", ratio(cpu / cpu_slow)])
            goals.append((f"Versions of {name}: <= {TIME} x nmap", f"{fast / slow:.3f}", fast <= TIME * slow))
            print(f"{name}: load {machine.load()}", file=sys.stderr)
    heads = ["sites", "ours s", "nmap s", "ours / theirs", "ours CPU s", "nmap CPU s", "ours / theirs"]
    return table(heads, rows), goals


def least(looks: list[Look]) -> tuple[float, float]:
    return min(look.seconds for look in looks), min(look.cpu_s for look in looks)


def check(runs: list[tuple[Look, Look]]) -> None:
    """Whoever is fast has found everything."""
    expected = {Program("nginx", town.packaged("nginx-light"))}
    for look in (look for pair in runs for look in pair):
        if len(look.told) != len(town.SITES) or set(look.told.values()) != expected:
            raise SystemExit(f"not all sites were found: {look}")
