"""The public link: Gradio's share server and its tunnel program (frpc), opened to a page that already runs.

What it downloads and whom it asks is Gradio's; waiting for it is ours, because Gradio waits half a minute for a program that was killed, for ever
for one that says nothing, and writes to the terminal. The rule: whatever goes wrong ends in an error that says whether the network or a virus scanner
is to blame and names the way without a tunnel, and nothing is left running.
"""

from __future__ import annotations

import queue
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
from gradio import networking, tunneling
from gradio.exceptions import ChecksumMismatchError

from solar_chat.errors import StartError

# The share server answers in a second or two; frpc itself tries again every ten.
PATIENCE_S: Final = 30.0
_SUCCESS: Final = re.compile(r"start proxy success: (\S+)")
_REFUSED: Final = "login to server failed"
# What is kept of frpc's words for the error.
_LONGEST_REASON: Final = 200


@contextmanager
def tunnel(port: int, share_token: str, folder: Path) -> Iterator[str]:
    """The public address of the page on `port` of this computer, inside the block; `folder` is where the share server's certificate may lie.

    Raises StartError `share_offline` (reason) where the share server or the tunnel program cannot be fetched, `share_blocked` (reason) where the
    program is there but does not run, `share_failed` (reason) where it runs and finds no way.
    """
    host, server_port, certificate = _share_server(folder)
    way = tunneling.Tunnel(host, server_port, "127.0.0.1", port, share_token, certificate)
    program = _program(way)
    try:
        yield _address(program)
    finally:
        program.kill()
        program.wait()
        if program.stdout is not None:
            program.stdout.close()


def _share_server(folder: Path) -> tuple[str, int, str | None]:
    """(host, port, certificate file) of the server that lends addresses: the one of the environment, as for every Gradio app, else Gradio's."""
    chosen = networking.GRADIO_SHARE_SERVER_ADDRESS
    try:
        if chosen is not None:
            host, _, port = chosen.rpartition(":")
            return host, int(port), None
        told = httpx.get(networking.GRADIO_API_SERVER, timeout=PATIENCE_S).json()[0]
        folder.mkdir(parents=True, exist_ok=True)
        certificate = folder / "share-server.pem"
        certificate.write_text(told["root_ca"], encoding="ascii")
        return told["host"], int(told["port"]), str(certificate)
    except (httpx.HTTPError, ValueError, LookupError, TypeError) as error:
        # No network, a proxy's own page instead of an answer, a server of another kind.
        raise StartError("share_offline", reason=_short(error)) from error
    except OSError as error:
        raise StartError("share_failed", reason=_short(error)) from error


def _program(way: tunneling.Tunnel) -> subprocess.Popen[bytes]:
    """frpc, fetched if it is not here, and started."""
    try:
        way.download_binary()  # type: ignore[no-untyped-call]  # Gradio has no annotation here
    except httpx.HTTPError as error:
        raise StartError("share_offline", reason=_short(error)) from error
    except (ChecksumMismatchError, OSError) as error:
        if isinstance(error, ChecksumMismatchError):
            # Gradio leaves it there, and would run it the next time.
            Path(tunneling.BINARY_PATH).unlink(missing_ok=True)
        # Taken away or changed while it was being written, or a platform for which there is none.
        raise StartError("share_blocked", reason=_short(error)) from error
    try:
        return subprocess.Popen(_command(way), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError as error:
        raise StartError("share_blocked", reason=_short(error)) from error


def _command(way: tunneling.Tunnel) -> list[str]:
    """As Gradio calls it."""
    command = [tunneling.BINARY_PATH, "http", "-n", way.share_token, "-l", str(way.local_port), "-i", way.local_host]
    command += ["--uc", "--sd", "random", "--ue", "--server_addr", f"{way.remote_host}:{way.remote_port}", "--disable_log_color"]
    if way.share_server_tls_certificate is not None:
        command += ["--tls_enable", "--tls_trusted_ca_file", way.share_server_tls_certificate]
    return command


def _address(program: subprocess.Popen[bytes]) -> str:
    """The address that frpc reports. Its output is read for as long as it runs, else it would stop when the pipe is full."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        assert program.stdout is not None
        found = False
        for raw in program.stdout:
            if not found:
                # Nobody reads what it says later, for days perhaps.
                line = raw.decode("utf-8", "replace").strip()
                found = _SUCCESS.search(line) is not None
                lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="frpc", daemon=True).start()
    said = ""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            line = lines.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            raise StartError("share_failed", reason=said or "frpc said nothing") from None
        if line is None:
            raise StartError("share_blocked", reason=said or f"frpc ended with {program.wait()}")
        said = line[-_LONGEST_REASON:] or said
        if found := _SUCCESS.search(line):
            return found[1]
        if _REFUSED in line:
            raise StartError("share_failed", reason=said)


def _short(error: BaseException) -> str:
    return (str(error).split("\n", 1)[0] or type(error).__name__)[:_LONGEST_REASON]
