"""What tokens.rs measures, by PyJWT: `pyjwt_tokens.py CLAIMS SECONDS ALGORITHM=KEYFILE…`, the same JSON."""

import json
import pathlib
import sys
import time
from collections.abc import Callable

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

BATCH = 50
# As long as the name of a key of ours.
KID = "x" * 43
# Ours are checked elsewhere.
NO_TIMES = {f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}


def main() -> None:
    claims, seconds, found = json.loads(sys.argv[1]), float(sys.argv[2]), {}
    for word in sys.argv[3:]:
        name, _, file = word.partition("=")
        secret = pathlib.Path(file).read_bytes()
        private = secret if name.startswith("HS") else load_pem_private_key(secret, None)
        public = private if name.startswith("HS") else private.public_key()

        def sign() -> str:
            return jwt.encode(claims, private, name, {"kid": KID})

        def verify() -> dict[str, object]:
            return jwt.decode(token, public, [name], NO_TIMES)

        token = sign()
        if verify() != claims:
            raise SystemExit(f"{name} does not verify what it signed")
        found[name] = {"sign": micros(seconds, sign), "verify": micros(seconds, verify), "bytes": len(token)}
    print(json.dumps(found))


def micros(seconds: float, operation: Callable[[], object]) -> float:
    """Microseconds of CPU that one operation takes: the least of the batches that fit."""
    begin, least = time.process_time(), float("inf")
    while time.process_time() - begin < seconds:
        before = time.process_time()
        for _ in range(BATCH):
            operation()
        least = min(least, time.process_time() - before)
    return least / BATCH * 1e6


if __name__ == "__main__":
    main()
