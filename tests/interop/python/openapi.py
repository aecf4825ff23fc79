"""Runs schemathesis against a server as a user or as a super_admin: `python openapi.py URL ROLE`.

Besides its checks, each operation must have succeeded at least once, or, where its role forbids it, never.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import requests

HERE = pathlib.Path(__file__).parent
ADMINS_ONLY = {
    # Of others: the hooks let no request ask for one's own.
    "DELETE /api/v1/user/id/{user_id}/",
    "POST /api/v1/user/",
    "PATCH /api/v1/user/id/{user_id}/activate/",
    "PATCH /api/v1/user/id/{user_id}/grant-admin/",
    "PATCH /api/v1/user/id/{user_id}/revoke-admin/",
}


def main(url, role):
    document = f"{url}/api/openapi.json"
    with tempfile.TemporaryDirectory() as folder:
        met = pathlib.Path(folder, "met")
        environment = {
            "SCHEMATHESIS_HOOKS": str(HERE / "openapi_hooks.py"),
            "ATALAYA_URL": url,
            "ATALAYA_AS": role,
            "ATALAYA_MET": str(met),
        }
        config = f"--config-file={HERE / 'schemathesis.toml'}"
        program = pathlib.Path(sys.executable).with_name("schemathesis")
        run = subprocess.run([program, config, "run", document], env=os.environ | environment, cwd=folder)
        succeeded = set(met.read_text().splitlines())
    wanted = operations(document) - (ADMINS_ONLY if role == "user" else set())
    print(f"never succeeded: {wanted - succeeded}; must not have: {succeeded - wanted}")
    assert run.returncode == 0 and succeeded == wanted


def operations(document):
    paths = requests.get(document, timeout=30).json()["paths"]
    return {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}


if __name__ == "__main__":
    main(*sys.argv[1:])
