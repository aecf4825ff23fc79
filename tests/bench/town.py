"""Servers as Debian packages them, started as the tests start them (tests/servers), at addresses of the loopback of a
network namespace of their own, each at its usual port. No packet leaves the namespace, and the servers end with it.
Needs root.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass

import build
from namespaces import at, ip

SERVERS = build.ROOT / "tests/servers/run"
VERSIONS = build.ROOT / "tests/.cache/servers/versions"
START_S = 60


@dataclass(frozen=True)
class Server:
    """A server of tests/servers, the Debian package of its program, and the ports at which it answers."""

    name: str
    package: str
    host: str
    tcp: tuple[int, ...] = ()
    udp: tuple[int, ...] = ()


@dataclass(frozen=True, order=True)
class Port:
    """Where a service is."""

    host: str
    protocol: str
    number: int


# Of one loopback: some servers tell others nothing.
ONE, TWO, THREE = "127.0.0.1", "127.0.0.20", "127.0.0.30"
# All of tests/servers but the museum, which is another nginx. The frontend of HAProxy has nobody behind it.
ALL = (
    Server("vsftpd", "vsftpd", ONE, (21,)),
    Server("openssh", "openssh-server", ONE, (22,)),
    Server("postfix", "postfix", ONE, (25,)),
    Server("bind", "bind9", ONE, (53,), (53,)),
    Server("nginx", "nginx-light", ONE, (80, 443)),
    Server("chrony", "chrony", ONE, (), (123,)),
    Server("dovecot", "dovecot-core", ONE, (143, 110)),
    Server("snmpd", "snmpd", ONE, (), (161,)),
    Server("slapd", "slapd", ONE, (389,)),
    Server("samba", "samba", ONE, (445,)),
    Server("rsync", "rsync", ONE, (873,)),
    Server("mosquitto", "mosquitto", ONE, (1883,)),
    Server("squid", "squid", ONE, (3128,)),
    Server("mariadb", "mariadb-server-core", ONE, (3306,)),
    Server("postgresql", "postgresql", ONE, (5432,)),
    Server("rabbitmq", "rabbitmq-server", ONE, (5672,)),
    Server("redis", "redis-server", ONE, (6379,)),
    Server("haproxy", "haproxy", ONE, (8000, 8404)),
    Server("tinyproxy", "tinyproxy", ONE, (8888,)),
    Server("memcached", "memcached", ONE, (11211,)),
    Server("proftpd", "proftpd-core", TWO, (21,)),
    Server("dropbear", "dropbear-bin", TWO, (22,)),
    Server("exim", "exim4-daemon-light", TWO, (25,)),
    Server("unbound", "unbound", TWO, (53,), (53,)),
    Server("apache", "apache2-bin", TWO, (80,)),
    Server("pure-ftpd", "pure-ftpd", THREE, (21,)),
    Server("knot", "knot", THREE, (53,), (53,)),
    Server("lighttpd", "lighttpd", THREE, (80,)),
)
# Three sites of one program.
SITES = tuple(Server("nginx", "nginx-light", host, (80, 443)) for host in (ONE, TWO, THREE))


class Town:
    """The servers that run, and how to be where they are."""

    def __init__(self, servers: tuple[Server, ...]) -> None:
        self.servers = servers
        self.namespace = f"atalaya-town-{os.getpid()}"

    def at(self, *words: object) -> list[str]:
        return at(self.namespace, *words)

    def hosts(self) -> list[str]:
        return sorted({server.host for server in self.servers})

    def ports(self) -> dict[Port, Server]:
        """Every service that was started."""
        tcp = {Port(server.host, "tcp", port): server for server in self.servers for port in server.tcp}
        udp = {Port(server.host, "udp", port): server for server in self.servers for port in server.udp}
        return tcp | udp

    def numbers(self, protocol: str) -> str:
        """The ports of a protocol, of all hosts, in nmap's manner."""
        return ",".join(map(str, sorted({port.number for port in self.ports() if port.protocol == protocol})))


@contextlib.contextmanager
def town(servers: tuple[Server, ...]) -> Iterator[Town]:
    """Runs servers until the end, once each listens."""
    made = Town(servers)
    with contextlib.ExitStack() as stack:
        ip("netns", "add", made.namespace)
        stack.callback(ip, "netns", "delete", made.namespace)
        ip("-n", made.namespace, "link", "set", "lo", "up")
        logs = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atalaya-town-")))
        for server in servers:
            stack.enter_context(running(made, server, logs / f"{server.name}-{server.host}"))
        wait(made, logs)
        yield made


@contextlib.contextmanager
def running(made: Town, server: Server, log: pathlib.Path) -> Iterator[None]:
    ports = server.tcp or server.udp
    command = made.at(SERVERS, server.name, *ports)
    environment = {**os.environ, "SERVER_ADDRESS": server.host}
    with open(log, "wb") as output:
        how = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT}
        with subprocess.Popen(command, env=environment, **how) as popen:
            try:
                yield
            finally:
                popen.kill()


def wait(made: Town, logs: pathlib.Path) -> None:
    """Until somebody listens at every port."""
    end = time.monotonic() + START_S
    while missing := set(made.ports()) - listening(made):
        if time.monotonic() > end:
            said = "\n".join(log.read_text(errors="replace")[-400:] for log in logs.iterdir())
            raise SystemExit(f"nobody listens at {sorted(missing)}:\n{said}")
        time.sleep(0.2)


def listening(made: Town) -> set[Port]:
    """As the kernel knows it: nobody is disturbed."""
    command = made.at("ss", "-Hlntu", "-4")
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    heard = set()
    for protocol, _, _, _, local, *_ in map(str.split, lines):
        host, number = local.rsplit(":", 1)
        heard.add(Port(host, protocol, int(number)))
    return heard


def packaged(package: str) -> str:
    """The version of a package's program, without what Debian adds to it."""
    fetched = dict(line.split() for line in VERSIONS.read_text().splitlines())
    if package not in fetched:
        query = ["dpkg-query", "-W", "-f", "${Version}", package]
        fetched[package] = subprocess.run(query, check=True, capture_output=True, text=True).stdout
    version = fetched[package].split(":", 1)[-1].rsplit("-", 1)[0]
    return version.split("+")[0].split("~")[0]
