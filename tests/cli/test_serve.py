"""`serve` as a real process: the address, the key, and who is let in."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def serving(home: Path, *arguments: str, **environment: str) -> Iterator[list[str]]:
    """What a running `serve` has printed up to its address, and the line behind it where one is expected."""
    process = subprocess.Popen(
        [sys.executable, "app.py", "--home", str(home), "--lang", "en", "serve", "--port", "0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    assert process.stdout is not None
    try:
        yield [process.stdout.readline()]
    finally:
        process.terminate()
        out, err = process.communicate(timeout=30)
        assert err == ""
        assert out.count("\n") <= 1


def url_in(lines: list[str]) -> str:
    return lines[0].split()[-1]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "app.py", "--home", str(home), "--lang", "en", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)


def example_of_the_readme() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return str(code)


def test_an_openai_client_needs_another_address_alone(tmp_path: Path) -> None:
    with serving(tmp_path) as lines:
        assert url_in(lines).startswith("http://127.0.0.1:")
        client = openai.OpenAI(api_key="up_whatever", base_url=url_in(lines), max_retries=0)
        stream = client.chat.completions.create(
            model="solar-1-mini-chat",
            messages=[{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": "Hi, how are you?"}],
            stream=True,
            max_tokens=8,
        )
        chunks = list(stream)
        client.close()
        shown = subprocess.run(
            [sys.executable, "-c", example_of_the_readme().replace("http://127.0.0.1:8000/v1", url_in(lines))],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        assert shown.stdout.strip().endswith("요.")
    assert {chunk.model for chunk in chunks} == {"starter"}
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks).strip()
    # Nobody else can connect, so no key was made.
    assert not (tmp_path / "data" / "api-key").exists()


def test_off_this_computer_a_key_is_made_and_paths_shows_it(tmp_path: Path) -> None:
    assert run(tmp_path, "paths").stdout.splitlines()[-1].split() == ["key", "-"]
    with serving(tmp_path, "--host", "0.0.0.0") as lines:
        url = url_in(lines).replace("0.0.0.0", "127.0.0.1")
        key = run(tmp_path, "paths").stdout.splitlines()[-1].split()[1]
        assert key.startswith("sk-solar-")
        with openai.OpenAI(api_key="not the key, I think", base_url=url, max_retries=0) as client, pytest.raises(openai.AuthenticationError):
            client.models.list()
        with openai.OpenAI(api_key=key, base_url=url, max_retries=0) as client:
            assert [model.id for model in client.models.list()] == ["starter"]


def test_a_chosen_key_is_asked_for_here_too(tmp_path: Path) -> None:
    with serving(tmp_path, SOLAR_CHAT_SERVE_KEY="a-key-of-my-own-choice") as lines:
        with (
            openai.OpenAI(api_key="another-key-altogether", base_url=url_in(lines), max_retries=0) as client,
            pytest.raises(openai.AuthenticationError),
        ):
            client.models.list()
        with openai.OpenAI(api_key="a-key-of-my-own-choice", base_url=url_in(lines), max_retries=0) as client:
            client.models.list()


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "serve", "--port", port)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert port in done.stderr
    nowhere = run(tmp_path, "serve", "--host", "192.0.2.1", "--port", "0")
    assert (nowhere.returncode, len(nowhere.stderr.splitlines())) == (1, 1)
    assert "192.0.2.1" in nowhere.stderr
    weak = run(tmp_path, "serve", "--api-key", "short")
    assert (weak.returncode, len(weak.stderr.splitlines())) == (1, 1)
    assert "16" in weak.stderr


def test_a_model_that_cannot_be_loaded_is_said_to_the_client(tmp_path: Path) -> None:
    with serving(tmp_path, "--model", str(tmp_path / "no" / "such-model")) as lines:
        with openai.OpenAI(api_key="x", base_url=url_in(lines), max_retries=0) as client, pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(model="solar", messages=[{"role": "user", "content": "x"}])
        assert caught.value.code == "model_folder_missing"
        assert str(tmp_path) not in caught.value.message
        assert "such-model" in caught.value.message
