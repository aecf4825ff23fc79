"""Envoy's gRPC-JSON transcoder before our gRPC server: the peer of the bridge.

The contract has no `google.api.http` options, so Envoy maps `POST /package.Service/Method` by itself.
"""

import contextlib
import json
import pathlib
import re
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Iterator

from server import Server, environment

SERVICE = "atalaya.users.v1.AccountService"
DESCRIPTORS = pathlib.Path(__file__).parents[2] / "proto" / "baseline.binpb"
FILTERS = "type.googleapis.com/envoy.extensions.filters"
START_LIMIT_S = 20


@contextlib.contextmanager
def transcoder(upstream: str, folder: pathlib.Path) -> Iterator[Server]:
    """Envoy with one worker thread, on a free port."""
    port = free_port()
    settings = folder / "envoy.json"
    settings.write_text(json.dumps(configuration(port, urllib.parse.urlsplit(upstream).port)))
    program = pathlib.Path(sys.executable).parent / "envoy"
    command = [program, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "-c", settings]
    begin = time.monotonic()
    with subprocess.Popen(command, env=environment()) as popen:
        try:
            wait(popen, port)
            yield Server(popen, f"http://127.0.0.1:{port}", time.monotonic() - begin)
        finally:
            popen.terminate()


def version() -> str:
    program = pathlib.Path(sys.executable).parent / "envoy"
    text = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return re.search(r"/(\d+\.\d+\.\d+)", text)[1]


def configuration(port: int, upstream: int) -> dict:
    transcoding = {
        "@type": f"{FILTERS}.http.grpc_json_transcoder.v3.GrpcJsonTranscoder",
        "proto_descriptor": str(DESCRIPTORS),
        "services": [SERVICE],
        "auto_mapping": True,
    }
    router = {"@type": f"{FILTERS}.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "core"}}
    manager = {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "rest",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
        "http_filters": [
            {"name": "envoy.filters.http.grpc_json_transcoder", "typed_config": transcoding},
            {"name": "envoy.filters.http.router", "typed_config": router},
        ],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    listener = {"name": "rest", "address": loopback(port), "filter_chains": [{"filters": [network]}]}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster(upstream)]}}


def cluster(port: int) -> dict:
    protocol = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
    http2 = {"@type": f"type.googleapis.com/{protocol}", "explicit_http_config": {"http2_protocol_options": {}}}
    endpoint = {"endpoint": {"address": loopback(port)}}
    return {
        "name": "core",
        "type": "STATIC",
        "typed_extension_protocol_options": {protocol: http2},
        "load_assignment": {"cluster_name": "core", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


def loopback(port: int) -> dict:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait(popen: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while popen.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise SystemExit("Envoy did not start")
