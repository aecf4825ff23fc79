"""Signing and verifying a token with each algorithm: ours beside PyJWT with cryptography.

Each program is a process of its own and gets the same claims and the same keys, made here and parsed once; rounds
go from one to the other. A verification is all from the token's text to its claims: signature, header, JSON.
Times and the issuer are checked by neither.
"""

import json
import pathlib
import secrets
import subprocess
import sys

import build
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tables import table

ROUNDS = 3
# CPU of one algorithm's signing, or verifying, in one round.
SECONDS = 0.4
CURVES = {"256": ec.SECP256R1(), "384": ec.SECP384R1(), "512": ec.SECP521R1()}
ALGORITHMS = ["EdDSA", *(family + size for family in ("HS", "RS", "PS", "ES") for size in CURVES)]
RSA_BITS = 2048
CLAIMS = {
    "user": "mara@example.com",
    "iat": 1_800_000_000,
    "nbf": 1_800_000_000,
    "exp": 1_800_072_000,
    "token_type": "access_token",
    "authentication_method": "password",
    "iss": "atalaya",
    "sub": "0197a0f0-0000-7000-8000-000000000001",
    "sid": "0197a0f0-0000-7000-8000-000000000002",
    "jti": "0197a0f0-0000-7000-8000-000000000003",
}

Costs = dict[str, dict[str, float]]


def measure(folder: pathlib.Path) -> str:
    ours = [build.bench("tokens")]
    theirs = [sys.executable, pathlib.Path(__file__).with_name("pyjwt_tokens.py")]
    arguments = [json.dumps(CLAIMS), str(SECONDS), *keys(folder)]
    found: list[Costs] = [{}, {}]
    for _ in range(ROUNDS):
        for least, program in zip(found, (ours, theirs), strict=True):
            done = subprocess.run([*program, *arguments], check=True, stdout=subprocess.PIPE)
            for name, costs in json.loads(done.stdout).items():
                best = least.setdefault(name, costs)
                least[name] = {what: min(cost, best[what]) for what, cost in costs.items()}
    return report(*found)


def keys(folder: pathlib.Path) -> list[str]:
    """A file for each algorithm."""
    shared = rsa.generate_private_key(65537, RSA_BITS)
    words = []
    for name in ALGORITHMS:
        family, size = name[:2], name[2:]
        file = folder / name
        if family == "HS":
            file.write_text(secrets.token_hex(32))
        else:
            made = {"Ed": ed25519.Ed25519PrivateKey.generate, "ES": lambda: ec.generate_private_key(CURVES[size])}
            key = made.get(family, lambda: shared)()
            file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        words.append(f"{name}={file}")
    return words


def report(ours: Costs, theirs: Costs) -> str:
    rows = []
    for name in ALGORITHMS:
        row = [name]
        for what in ("sign", "verify"):
            mine, peer = ours[name][what], theirs[name][what]
            row += [f"{mine:.1f}", f"{1e6 / mine:,.0f}", f"{peer:.1f}", f"{mine / peer:.2f}"]
        rows.append([*row, f"{ours[name]['bytes']:.0f}"])
    heads = ["algorithm"]
    for what, done in (("sign", "signed"), ("verify", "verified")):
        heads += [f"{what}, CPU µs", f"{done}/s", "PyJWT, CPU µs", "ours / theirs"]
    return table([*heads, "bytes"], rows)
