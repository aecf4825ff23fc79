"""What a server does in TLS: ours beside sslyze, of an nginx with all that its library can do, in the lab of two
namespaces: on its own loopback, and at the end of the cable. Both have the same task: every suite of every version,
and the certificates.
"""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import machine
import nginx
from namespaces import FAR, Lab
from tables import ratio, table

ROUNDS = 3
PORT = 9443
SSLYZE = pathlib.Path(sys.executable).with_name("sslyze")
# sslyze's names of what it looks at, and ours.
VERSIONS = {
    "sslv2": ("ssl_2_0", "SSL 2.0"),
    "sslv3": ("ssl_3_0", "SSL 3.0"),
    "tlsv1": ("tls_1_0", "TLS 1.0"),
    "tlsv1_1": ("tls_1_1", "TLS 1.1"),
    "tlsv1_2": ("tls_1_2", "TLS 1.2"),
    "tlsv1_3": ("tls_1_3", "TLS 1.3"),
}
# Of sslyze's time, at most.
GOALS = {"loopback": 0.05, "20 ms": 0.6}
# Debian's own settings have no old versions.
SETTINGS = "openssl_conf = main\n[main]\n[req]\ndistinguished_name = name\n[name]\n"
# All but two that sslyze has never heard of, and so does not ask for.
SUITES = "ALL:COMPLEMENTOFALL:!ADH-CAMELLIA128-SHA256:!ADH-CAMELLIA256-SHA256:@SECLEVEL=0"
SERVER = f"""listen {PORT} ssl;
        ssl_certificate rsa.crt;
        ssl_certificate_key rsa.key;
        ssl_certificate ecdsa.crt;
        ssl_certificate_key ecdsa.key;
        ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
        ssl_dhparam dh.pem;
        ssl_ciphers {SUITES};"""
# testssl's names of versions, as its findings have them: one that is not named takes no suites.
FINDING = re.compile(r"cipher-(ssl|tls)(\d)(?:_(\d))?_x.*")
Suites = dict[str, set[str]]
Goal = tuple[str, str, bool]


def versions() -> str:
    programs = ([nginx.PROGRAM, "-v"], ["openssl", "version"])
    runs = [subprocess.run(program, check=True, capture_output=True, text=True) for program in programs]
    said = [(run.stdout + run.stderr).strip() for run in runs]
    return ", ".join([f"sslyze {importlib.metadata.version('sslyze')}", f"testssl {installed('testssl.sh')}", *said])


def installed(package: str) -> str:
    query = ["dpkg-query", "--show", "--showformat=${Version}", package]
    return subprocess.run(query, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def weak(lab: Lab, folder: pathlib.Path) -> Iterator[None]:
    """A weak server in the target's namespace, with keys of RSA and ECDSA."""
    (folder / "openssl.cnf").write_text(SETTINGS)
    environment = {**os.environ, "OPENSSL_CONF": str(folder / "openssl.cnf")}
    for name, key in (("rsa", ["rsa:2048"]), ("ecdsa", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
        words = ["req", "-x509", "-nodes", "-days", "30", "-subj", "/CN=example.com", "-newkey", *key]
        files = ["-keyout", f"{name}.key", "-out", f"{name}.crt"]
        made = ["openssl", *words, *files]
        subprocess.run(made, cwd=folder, env=environment, check=True, capture_output=True)
    group = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe2048", "-out", "dh.pem"]
    subprocess.run(group, cwd=folder, env=environment, check=True, capture_output=True)
    with nginx.serving(lab.at_target, folder, SERVER, environment):
        yield


def ours(at: list[str]) -> tuple[float, Suites]:
    began = time.monotonic()
    told = json.loads(subprocess.run(at, check=True, capture_output=True).stdout)
    seconds = time.monotonic() - began
    versions = told["versions"].items()
    wrong = [version for version, found in versions if found.get("unfinished") or "unknown" in found]
    if wrong or len(told["certificates"]) != 2:
        raise SystemExit(f"a look that is not whole: {told}")
    return seconds, {version: set(found["suites"]) for version, found in versions}


def theirs(at: list[str]) -> tuple[float, Suites]:
    began = time.monotonic()
    told = json.loads(subprocess.run(at, check=True, capture_output=True).stdout)
    seconds = time.monotonic() - began
    result = told["server_scan_results"][0]["scan_result"]
    suites = {}
    for name, version in VERSIONS.values():
        accepted = result[f"{name}_cipher_suites"]["result"]["accepted_cipher_suites"]
        suites[version] = {suite["cipher_suite"]["name"] for suite in accepted}
    return seconds, suites


def testssl(lab: Lab, address: str, folder: pathlib.Path) -> Suites:
    """What testssl finds. It takes half a minute, and nobody's time is compared with that."""
    flags = ["--color", "0", "--warnings", "off", "--nodns", "none", "-E", "--mapping", "iana"]
    at = lab.at_target("testssl", *flags, "--jsonfile", folder / "testssl.json", f"https://{address}")
    subprocess.run(at, check=True, capture_output=True)
    suites = {version: set() for _, version in VERSIONS.values()}
    for it in json.loads((folder / "testssl.json").read_text()):
        if finding := FINDING.fullmatch(it["id"]):
            name = re.search(r"\b(?:TLS|SSL)_\w+", it["finding"])[0]
            suites[f"{finding[1].upper()} {finding[2]}.{finding[3] or 0}"].add(name)
    return suites


def measure(lab: Lab, tools: str, folder: pathlib.Path) -> tuple[str, list[Goal]]:
    """A table, and each goal with what came of it and whether it is reached."""
    flags = [f"--{version}" for version in VERSIONS]
    rows, goals = [], []
    with weak(lab, folder):
        for name, most in GOALS.items():
            address = f"{FAR if name == '20 ms' else '127.0.0.1'}:{PORT}"
            at = lab.at_scanner if name == "20 ms" else lab.at_target
            runs = []
            for _ in range(ROUNDS):
                mine = ours(at(tools, "tls", address))
                peer = theirs(at(SSLYZE, *flags, "--certinfo", "--json_out=-", address))
                runs.append((mine, peer))
            fast, slow = min(mine[0] for mine, _ in runs), min(peer[0] for _, peer in runs)
            different = set().union(*(differing(mine[1], peer[1]) for mine, peer in runs))
            suites = len(set().union(*runs[0][0][1].values()))
            rows.append([name, str(suites), f"{fast:.2f}", f"{slow:.2f}", ratio(fast / slow), str(len(different))])
            goals.append((f"TLS, {name}: <= {most} x sslyze", f"{fast / slow:.3f}", fast <= most * slow))
            told = ", ".join(sorted(different)) or "the same"
            goals.append((f"TLS, {name}: the suites that sslyze finds", told, not different))
            print(f"TLS, {name}: load {machine.load()}", file=sys.stderr)
        goals.append(as_testssl(lab, folder, runs[0][0][1]))
    heads = ["server", "suites", "ours s", "sslyze s", "ours / theirs", "suites that differ"]
    return table(heads, rows), goals


def as_testssl(lab: Lab, folder: pathlib.Path, mine: Suites) -> Goal:
    different = differing(mine, testssl(lab, f"127.0.0.1:{PORT}", folder))
    return "TLS: the suites that testssl finds", ", ".join(sorted(different)) or "the same", not different


def differing(mine: Suites, peer: Suites) -> set[str]:
    return {suite for version in peer for suite in mine[version] ^ peer[version]}
