"""The command line as a person and a script meet it: real processes, real exit codes, the model in the box."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.downloading import tiny_checkpoint

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, home: Path, stdin: str | bytes = "", **environment: str) -> subprocess.CompletedProcess[str]:
    given = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(
        [sys.executable, "app.py", *arguments],
        cwd=ROOT,
        input=given,
        capture_output=True,
        timeout=180,
        check=False,
        env={**os.environ, "SOLAR_CHAT_HOME": str(home), "LANG": "en_US.UTF-8", "LC_ALL": "", **environment},
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "집"


def test_a_command_imports_its_own_part_alone(home: Path, tmp_path: Path) -> None:
    (tmp_path / "no model").mkdir()
    probe = (
        "import sys\nfrom solar_chat.cli import main\n"
        f"try: main(['upscale', 'plan', {str(tmp_path / 'no model')!r}])\nexcept SystemExit as end: print(end.code)\n"
        "rooms = {f'solar_chat.{name}' for name in ('language', 'engine', 'models', 'assistant', 'api', 'ui', 'desktop.program')}\n"
        "print(sorted(rooms & set(sys.modules)), 'solar_chat.workshop.upscaling' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-2:] == ["1", "[] True"]


def test_help_is_light_and_names_every_option(home: Path) -> None:
    probe = (
        "import sys\nfrom solar_chat.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit as end: print(end.code)\n"
        "print(sorted({'torch', 'gradio', 'transformers', 'kiwipiepy', 'langdetect', 'bitsandbytes'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    *_, code, heavy = done.stdout.splitlines()
    assert (code, heavy) == ("0", "[]")
    for option in (
        "--share",
        "--host",
        "--port",
        "--password",
        "--public",
        "--owner-password",
        "--api-key",
        "--no-browser",
        "--model",
        "--lang",
        "--home",
    ):
        assert option in done.stdout
    for command in ("ask", "inspect", "rewrite", "models", "doctor", "paths"):
        assert command in done.stdout


def test_help_speaks_korean(home: Path) -> None:
    assert "비밀번호" in run("--lang", "ko", "--help", home=home).stdout
    assert "password" in run("--lang", "en", "--help", home=home).stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--port", "x"),
        ("ask",),
        ("ask", "a", "--level", "rude"),
        ("ask", "a", "--jsonl"),
        ("inspect",),
        ("rewrite", "a"),
        ("--lang", "fr", "paths"),
        ("nonsense",),
    ],
)
def test_bad_usage_exits_with_2(home: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments, home=home).returncode == 2


@pytest.mark.parametrize(
    ("arguments", "korean", "english"),
    [
        (("--port", "x"), "--port에 쓸 수 없는 값입니다.", "--port cannot have this value."),
        (
            ("ask", "a", "--level", "rude"),
            "--level에는 formal, polite, casual, plain 중",
            "--level must be one of formal, polite, casual, plain.",
        ),
        (("rewrite", "a"), "--level이 빠졌습니다.", "--level is missing."),
        (("upscale", "plan"), "SRC가 빠졌습니다.", "SRC is missing."),
        (("paths", "--home", "x"), "--home이라는 옵션이 없습니다.", "There is no option --home here."),
        (("nonsense",), "알 수 없는 명령입니다. python app.py -h", "This command line cannot be understood."),
        (("--port",), "--port의 값이 빠졌거나, 값을 받지 않는 옵션입니다.", "The value of --port is missing, or it takes none."),
        (("ask", "안녕", "하세요"), "글 전체를 따옴표로 묶으십시오.", "Put the whole text between quotation marks."),
        (("paths", "x"), "알 수 없는 명령입니다. python app.py paths -h", "This command line cannot be understood."),
        (("upscale", "plan", "assets/models/starter", "--slices", "a:b"), "--slices: 0:24,8:32처럼 적으십시오", "--slices: write it like 0:24,8:32"),
    ],
)
def test_bad_usage_is_one_line_in_the_asked_language(home: Path, arguments: tuple[str, ...], korean: str, english: str) -> None:
    for lang, words in (("ko", korean), ("en", english)):
        done = run("--lang", lang, *arguments, home=home)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--home", "~nobody-of-that-name", "paths"),
        ("upscale", "build", "assets/models/starter", "~nobody-of-that-name"),
        ("upscale", "verify", "x" * 300),
        ("export", "starter", f"{'x' * 300}.gguf"),
        ("--model", "~nobody-of-that-name", "--no-browser"),
    ],
)
def test_what_can_be_no_path_is_one_line(home: Path, arguments: tuple[str, ...]) -> None:
    done = run("--lang", "ko", *arguments, home=home)
    assert (done.returncode, done.stdout) == (1, "")
    assert "경로로 쓸 수 없습니다" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_of_commands_shows_them(home: Path) -> None:
    done = run("--lang", "ko", "models", home=home)
    assert "download" in done.stdout + done.stderr
    assert "알 수 없는 명령" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--share",), "--password"),
        (("--host", "0.0.0.0"), "--password"),
        (("--password", " ", "--no-browser"), "empty"),
        (("--password", "x", "--public", "--no-browser"), "--public"),
        (("--public", "--host", "0.0.0.0", "--owner-password", "short", "--no-browser"), "12 characters"),
        (("--password", "the same for all", "--host", "0.0.0.0", "--owner-password", "the same for all", "--no-browser"), "Choose another one"),
        (("--api-key", "short", "--no-browser"), "16"),
        (("ask", "안녕?", "--model", "/does/not/exist"), "/does/not/exist"),
        (("ask", "   "), "Type a message"),
    ],
)
def test_an_error_is_one_line_that_says_what_to_do(home: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, home=home)
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert words in done.stderr


def test_the_error_speaks_korean(home: Path) -> None:
    assert "비밀번호가 필요합니다" in run("--lang", "ko", "--share", home=home).stderr


def test_a_reply_language_is_not_the_interface_language(home: Path) -> None:
    assert "Type a message" in run("ask", "  ", "--reply-language", "ko", home=home).stderr
    assert "입력하십시오" in run("--lang=en", "--lang", "ko", "ask", "  ", "--reply-language", "en", home=home).stderr


def test_a_taken_port_that_was_asked_for_is_an_error(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("--port", port, "--no-browser", home=home)
    assert done.returncode == 1
    assert port in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_home_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = run("ask", "안녕?", home=blocked)
    assert done.returncode == 1
    assert str(blocked) in done.stderr


def test_paths_shows_where_files_live(home: Path) -> None:
    shown = dict(line.split(maxsplit=1) for line in run("paths", home=home).stdout.splitlines())
    assert shown["history"] == str(home / "data" / "conversations.sqlite3")
    assert not home.exists()


def test_home_option_equals_the_variable(home: Path, tmp_path: Path) -> None:
    assert str(tmp_path / "other" / "data") in run("--home", str(tmp_path / "other"), "paths", home=home).stdout


def test_doctor(home: Path) -> None:
    found = json.loads(run("doctor", "--json", home=home).stdout)
    assert found["hardware"]["device"] in ("cuda", "mps", "cpu")
    assert found["versions"]["torch"]
    assert found["folders"]["data"] == str(home / "data")
    assert {model["id"] for model in found["models"]} >= {"starter", "upstage/SOLAR-10.7B-Instruct-v1.0"}
    shown = run("--lang", "ko", "doctor", home=home).stdout
    assert "메모리" in shown
    assert "Solar Starter" in shown


def test_models_are_listed_with_what_runs_here(home: Path) -> None:
    found = {model["id"]: model for model in json.loads(run("models", "list", "--json", home=home).stdout)}
    assert found["starter"]["fits"] is True
    assert found["upstage/SOLAR-10.7B-Instruct-v1.0"]["commercial"] is False
    assert {form["form"]["kind"] for form in found["upstage/SOLAR-10.7B-Instruct-v1.0"]["forms"]} == {"safetensors", "gguf"}
    assert found["upstage/solar-pro-preview-instruct"]["forms"][0]["verdict"] == "refused"
    assert "not for commercial use" in run("models", "list", home=home).stdout


def test_one_model_is_shown_in_both_languages(home: Path) -> None:
    shown = run("--lang", "ko", "models", "show", "solar", home=home).stdout
    assert "CC-BY-NC-4.0, 상업적으로 쓸 수 없습니다" in shown
    assert "Q4_K_M" in shown
    assert "토큰 0.94개 · 문맥에 한글 약 4400자" in run("--lang", "ko", "models", "show", "eeve", home=home).stdout
    assert "Licence: MIT" in run("--lang", "en", "models", "show", "solar-pro-preview", home=home).stdout
    missing = run("models", "show", "no such model", home=home)
    assert (missing.returncode, missing.stdout) == (1, "")


def test_inspect(home: Path) -> None:
    found = json.loads(run("inspect", "이 PR 좀 review해 주세요.", home=home).stdout)
    assert (found["language"], found["matrix"], found["level"], found["family"]) == ("mixed", "ko", "polite", "jondaemal")


def test_inspect_lines_go_on_after_a_bad_one(home: Path) -> None:
    lines = ['{"text": "안녕하십니까?"}', "{broken", '"no object"', '{"text": 3}', "", '{"text": "Hello there"}']
    done = run("inspect", "--jsonl", home=home, stdin="\n".join(lines).encode() + b'\n{"text": "\xff"}\n')
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [("error" in answer) for answer in answers] == [False, True, True, True, False, True]
    assert answers[0]["level"] == "formal"
    assert answers[4]["language"] == "en"


def test_rewrite(home: Path) -> None:
    found = json.loads(run("rewrite", "--level", "formal", "밥 먹었어? `npm i` 좀 실행해 줘.", home=home).stdout)
    assert (found["text"], found["changed"]) == ("밥 먹었습니까? `npm i` 좀 실행해 주십시오.", True)
    assert found["sentences"][0] == {"before": "밥 먹었어?", "after": "밥 먹었습니까?", "status": "rewritten"}
    assert json.loads(run("rewrite", "--level", "casual", "Hello", home=home).stdout) == {
        "text": "Hello",
        "changed": False,
        "sentences": [{"before": "Hello", "after": "Hello", "status": "kept"}],
    }


def test_rewrite_lines_go_on_after_a_bad_one(home: Path) -> None:
    done = run("rewrite", "--level", "polite", "--jsonl", home=home, stdin='{"text": "나는 몰라."}\n{"txt": 1}\n{"text": "네, 맞아요."}\n'.encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [answer.get("text") for answer in answers] == ["저는 몰라요.", None, "네, 맞아요."]
    assert "error" in answers[1]


def test_a_guessed_chat_format_is_said_beside_the_reply(home: Path, tmp_path: Path) -> None:
    model = tiny_checkpoint(tmp_path / "model", context_tokens=1024)
    said = "대화 형식을 밝히지 않은 모델이라"
    assert said in run("--lang", "ko", "ask", "안녕하세요!", "--model", str(model), home=home).stderr
    (model / "solar_chat.json").write_text('{"template": "chatml"}')
    assert said not in run("--lang", "ko", "ask", "안녕하세요!", "--model", str(model), home=home).stderr


def test_ask_prints_one_reply_in_the_level(home: Path) -> None:
    done = run("ask", "안녕하세요!", "--level", "polite", "--seed", "1", "--json", home=home)
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    assert set(answer) == {"reply", "language", "level", "sentences", "model", "prompt_tokens", "reply_tokens", "seconds"}
    assert (answer["language"], answer["level"], answer["model"]) == ("ko", "polite", "starter")
    assert "".join(sentence["text"] for sentence in answer["sentences"]).replace(" ", "") == answer["reply"].replace(" ", "")
    assert all(set(sentence) == {"text", "level", "repaired"} for sentence in answer["sentences"])
    assert answer["prompt_tokens"] > 0
    assert answer["reply_tokens"] > 0
    plain = run("ask", "안녕하세요!", "--level", "polite", "--seed", "1", home=home)
    assert plain.stdout == answer["reply"] + "\n"


def test_ask_lines_keep_their_order_and_their_wishes(home: Path) -> None:
    lines = [
        {"text": "안녕?", "level": "casual"},
        {"text": "How are you?", "reply_language": "en"},
        {"text": "안녕?", "level": "rude"},
        {"text": "그건 무료야?", "level": "plain", "history": [["user", "이 앱 이름이 뭐야?"], ["assistant", "Solar Chat이다."]]},
        {"text": "안녕?", "history": [["robot", "beep"]]},
        {"text": "안녕?", "colour": "red"},
    ]
    done = run("ask", "--jsonl", "--seed", "7", home=home, stdin="\n".join(json.dumps(line) for line in lines))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [("error" in answer) for answer in answers] == [False, False, True, False, True, True]
    assert [answers[number]["language"] for number in (0, 1, 3)] == ["ko", "en", "ko"]
    assert answers[0]["level"] == "casual"
    assert answers[3]["level"] == "plain"


def test_a_request_in_the_question_beats_the_options(home: Path) -> None:
    lines = [
        {"text": "반말로 해줘. 이 앱 이름이 뭐야?", "level": "formal"},
        {"text": "영어로 답해줘. 이 앱 이름이 뭐야?", "reply_language": "ko"},
        {"text": "이 앱은 무료야?", "history": [["user", "반말로 해줘"], ["assistant", "그럴게."]]},
        {"text": "'반말로 해줘'가 무슨 뜻이야?", "level": "formal"},
    ]
    done = run("ask", "--jsonl", "--seed", "1", "--level", "formal", home=home, stdin="\n".join(json.dumps(line) for line in lines[:2] + lines[3:]))
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["language"] for answer in answers] == ["ko", "en", "ko"]
    assert (answers[0]["level"], answers[2]["level"]) == ("casual", "formal")
    done = run("ask", "--jsonl", "--seed", "1", home=home, stdin=json.dumps(lines[2]))
    assert json.loads(done.stdout)["level"] == "casual"


def test_nothing_is_stored_by_ask(home: Path) -> None:
    run("ask", "안녕하세요", "--seed", "1", home=home)
    assert b"\xec\x95\x88\xeb\x85\x95" not in (home / "data" / "conversations.sqlite3").read_bytes()
