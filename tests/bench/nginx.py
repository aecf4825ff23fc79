"""An nginx of this machine with one server, as whatever is in its settings."""

import contextlib
import pathlib
import subprocess
from collections.abc import Callable, Iterator

from namespaces import running

PROGRAM = "/usr/sbin/nginx"
SETTINGS = """daemon off;
worker_processes 1;
pid {folder}/pid;
error_log stderr notice;
events {{}}
http {{
    access_log off;
    types {{ text/html html; text/css css; image/png png; image/jpeg jpg; application/json json; }}
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
{server}
    }}
}}
"""


@contextlib.contextmanager
def serving(
    at: Callable[..., list[str]], folder: pathlib.Path, server: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """`at` says how to be in a namespace; the folder is its own."""
    (folder / "nginx.conf").write_text(SETTINGS.format(folder=folder, server=server))
    command = at(PROGRAM, "-p", folder, "-c", folder / "nginx.conf")
    with running(command, env=environment, stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            if b"start worker process " in line:
                break
        else:
            raise SystemExit("nginx did not start")
        yield
        # Its worker ends with it, not with a kill.
        process.terminate()
        process.wait()
