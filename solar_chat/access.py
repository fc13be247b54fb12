"""Who may connect: names of this computer, and origins of its own pages.

The rule: nothing is open to other computers, or to other sites in a browser on this one, by default. Decides; the doors refuse. Knows no HTTP server,
and no key: those are in `credentials`.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

SHARE_DOMAIN: Final = ".gradio.live"
_LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach a server that listens at `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def host_allowed(name: str, *, bound: str, shared: bool, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a client that says it went to the host `name` (no port) can have meant this server.

    Names of this computer, the address it listens on, and literal addresses that are not the internet's (a rebound DNS name is never literal); the
    tunnel's name while sharing; a Space's own name.
    """
    if name in _LOCAL_NAMES or name == bound or (shared and name.endswith(SHARE_DOMAIN)):
        return True
    if name and name in space_names(environment):
        return True
    try:
        # Not `is_private`, which leaves out the addresses that providers, clusters and tunnels share (100.64.0.0/10).
        return not ipaddress.ip_address(name.strip("[]")).is_global
    except ValueError:
        return False


def is_encrypted(scheme: str, host: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether a request with the Host `host` came over TLS to whoever passed it on: a tunnel and a Space speak it with their visitors."""
    name = host_name(host.lower())
    return scheme == "https" or name.endswith(SHARE_DOMAIN) or (bool(name) and name in environment.get("SPACE_HOST", "").split(","))


def reachable_name(bound: str) -> str:
    """What other computers of the network call a server that listens at `bound`: "0.0.0.0" is every address of this one, and no address to type."""
    if bound not in ("0.0.0.0", "::"):
        return f"[{bound}]" if ":" in bound else bound
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: connecting a datagram socket only chooses the address that would be used.
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])
    return socket.gethostname()


def is_space(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this runs as a Hugging Face Space, where everybody is a visitor."""
    return environment.get("SYSTEM") == "spaces" and bool(environment.get("SPACE_ID"))


def space_names(environment: Mapping[str, str] = os.environ) -> frozenset[str]:
    """The names that browsers find this Space by; none elsewhere."""
    return frozenset(filter(None, environment.get("SPACE_HOST", "").split(",")))


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    return host if host.endswith("]") else host.rsplit(":", 1)[0]


def is_local_origin(origin: str) -> bool:
    """Whether a page of `origin` came from this computer's own servers; "null", a sandboxed frame or a file, did not."""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return False
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    written = f"{parts.scheme}://{name}" + ("" if port is None else f":{port}")
    return parts.scheme in ("http", "https") and name in _LOCAL_NAMES and origin.lower() == written
