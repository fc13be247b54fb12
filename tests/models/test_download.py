"""Downloading from a hub of our own on this machine: the real client, real HTTP, no internet."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from solar_chat.errors import ModelError
from solar_chat.models import STARTER, Form, ModelSpec, fetch, resolve

SHA = "0123456789abcdef0123456789abcdef01234567"
GOOD = {
    "config.json": json.dumps({"model_type": "llama", "max_position_embeddings": 2048}).encode(),
    "model.safetensors": b"w" * 200_000,
    "tokenizer.json": json.dumps({"added_tokens": [{"content": "<|im_start|>"}]}).encode(),
    "README.md": b"---\nlicense: apache-2.0\n---\n",
    "pytorch_model.bin": b"pickle",
    "modeling_evil.py": b"raise SystemExit",
    "onnx/model.safetensors": b"copy",
    "consolidated.safetensors": b"copy",
}


@dataclass
class Hub:
    """The part of huggingface.co that a download needs."""

    url: str
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    gated: set[str] = field(default_factory=set)
    served: list[str] = field(default_factory=list)
    down: bool = False


@pytest.fixture
def hub() -> Iterator[Hub]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Quiet."""

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path = urlsplit(self.path).path.strip("/")
            parts = path.split("/")
            repo = "/".join(parts[2:4] if path.startswith("api/models/") else parts[:2])
            files = site.repos.get(repo)
            if site.down:
                self.answer(503, b"")
            elif repo in site.gated:
                self.answer(403, b"{}", **{"X-Error-Code": "GatedRepo"})
            elif files is None:
                self.answer(404, b"{}", **{"X-Error-Code": "RepoNotFound"})
            elif "/tree/" in path:
                listing = [{"type": "file", "path": name, "size": len(data), "oid": sha1(data).hexdigest()} for name, data in files.items()]
                self.answer(200, json.dumps(listing).encode())
            elif path.startswith("api/models/"):
                self.answer(200, json.dumps({"id": repo, "sha": SHA, "siblings": [{"rfilename": name} for name in files]}).encode())
            else:
                name = "/".join(parts[4:])
                if self.command == "GET":
                    site.served.append(name)
                self.answer(200, files[name], ETag=f'"{sha1(files[name]).hexdigest()}"', **{"X-Repo-Commit": SHA})

        def answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Hub(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


def refused(spec: ModelSpec, cache: Path, endpoint: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        fetch(spec, cache, endpoint=endpoint)
    return caught.value


def test_it_brings_what_is_needed_and_nothing_else(hub: Hub, tmp_path: Path) -> None:
    hub.repos["me/model"] = GOOD
    steps: list[tuple[str, float]] = []
    spec = fetch(resolve("me/model"), tmp_path / "models", lambda stage, share: steps.append((stage, share)), endpoint=hub.url)
    assert spec.path is not None
    assert {path.name for path in spec.path.rglob("*")} == {"config.json", "model.safetensors", "tokenizer.json", "README.md"}
    assert (spec.path / "model.safetensors").read_bytes() == GOOD["model.safetensors"]
    assert (spec.id, spec.name, spec.form) == ("me/model", "model", Form("safetensors", "me/model", "", 0))
    assert (spec.template, spec.context_tokens, spec.licence, spec.commercial) == ("chatml", 2048, "apache-2.0", True)
    shares = [share for _, share in steps]
    assert {stage for stage, _ in steps} == {"download"}
    assert shares[-1] == pytest.approx(1.0)
    assert all(0 <= share <= 1 for share in shares)


def test_what_is_here_needs_no_network(hub: Hub, tmp_path: Path) -> None:
    hub.repos["me/model"] = GOOD
    first = fetch(resolve("me/model"), tmp_path, endpoint=hub.url)
    hub.served.clear()
    assert fetch(resolve("me/model"), tmp_path, endpoint="http://127.0.0.1:9") == first
    assert hub.served == []


def test_an_incomplete_copy_is_completed(hub: Hub, tmp_path: Path) -> None:
    hub.repos["me/model"] = GOOD
    first = fetch(resolve("me/model"), tmp_path, endpoint=hub.url)
    assert first.path is not None
    weights = first.path / "model.safetensors"
    weights.resolve().unlink()
    weights.unlink(missing_ok=True)
    hub.served.clear()
    fetch(resolve("me/model"), tmp_path, endpoint=hub.url)
    assert hub.served == ["model.safetensors"]
    assert weights.stat().st_size == 200_000


def test_a_local_model_is_left_alone(tmp_path: Path) -> None:
    assert fetch(STARTER, tmp_path / "models") is STARTER
    assert not (tmp_path / "models").exists()


def test_offline_is_not_the_same_as_missing(hub: Hub, tmp_path: Path) -> None:
    assert refused(resolve("me/model"), tmp_path, "http://127.0.0.1:9").key == "hub_offline"
    assert refused(resolve("me/model"), tmp_path, hub.url).key == "hub_unknown"


def test_a_gated_repository(hub: Hub, tmp_path: Path) -> None:
    hub.gated.add("me/model")
    error = refused(resolve("me/model"), tmp_path, hub.url)
    assert (error.key, error.params) == ("hub_gated", {"model": "me/model"})


def test_a_hub_that_is_down(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.down = True
    assert refused(resolve("me/model"), tmp_path, hub.url).key == "hub_failed"


def test_pickles_are_refused_before_they_are_downloaded(hub: Hub, tmp_path: Path) -> None:
    hub.repos["me/model"] = {name: GOOD[name] for name in ("config.json", "pytorch_model.bin", "tokenizer.json")}
    assert refused(resolve("me/model"), tmp_path, hub.url).key == "model_only_pickle"
    assert hub.served == []


def test_a_full_disk_is_noticed_before_the_download(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.repos["me/model"] = GOOD
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_100_000))
    error = refused(resolve("me/model"), tmp_path, hub.url)
    assert (error.key, error.params["free_gb"]) == ("disk_too_small", "1.0")
    assert hub.served == []
