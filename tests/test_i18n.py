"""The catalogues agree with each other and with the program; sentences come out as they should."""

from __future__ import annotations

import ast
import json
import re
import string
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from solar_chat import paths
from solar_chat.errors import InputError, StartError, StoreError
from solar_chat.i18n import Catalogue, InterfaceLanguage, system_language

HANGUL = re.compile("[\uac00-\ud7a3]")


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue.load()


@pytest.fixture
def small() -> Catalogue:
    return Catalogue(
        {
            "ko": {"model.use": "{model:을} 씁니다.", "number": "{n:,}자, {ratio:.1%}", "from": "{file:으로} {who:이} {who:은} {who:과}"},
            "en": {"model.use": "Uses {model}.", "number": "{n:,} characters, {ratio:.1%}", "only.english": "Only {n:03d}."},
        }
    )


def parameters(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_both_languages_have_the_same_keys(catalogue: Catalogue) -> None:
    assert set(catalogue.sentences["ko"]) == set(catalogue.sentences["en"])


def test_both_languages_have_the_same_parameters(catalogue: Catalogue) -> None:
    korean, english = catalogue.sentences["ko"], catalogue.sentences["en"]
    different = {key: (parameters(korean[key]), parameters(english[key])) for key in korean if parameters(korean[key]) != parameters(english[key])}
    assert different == {}


def test_english_has_no_particles(catalogue: Catalogue) -> None:
    specs = {key: spec for key, text in catalogue.sentences["en"].items() for _, _, spec, _ in string.Formatter().parse(text) if spec}
    assert {key: spec for key, spec in specs.items() if HANGUL.search(spec)} == {}


def test_every_sentence_can_be_filled_in(catalogue: Catalogue) -> None:
    """Each particle is one that exists, and no sentence needs more than its parameters' names."""
    for language in ("ko", "en"):
        for key, sentence in catalogue.sentences[language].items():
            particles = {name for _, name, spec, _ in string.Formatter().parse(sentence) if name and HANGUL.search(spec or "")}
            values: dict[str, object] = {name: "사과" if name in particles else 1 for name in parameters(sentence)}
            filled = catalogue.tr(language, key, **values)
            assert filled.strip() == filled, key
            assert filled, key


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_files_are_sorted_and_readable(language: str) -> None:
    """One form on disk, so that two people's changes meet in few lines."""
    text = (paths.LOCALES / f"{language}.json").read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def raised_keys() -> Mapping[str, list[set[str]]]:
    """Every literal key given to an error of the tree anywhere in the package → the parameters given at each place."""
    names = {"SolarChatError", "StartError", "InputError", "ModelError", "OutOfMemory", "StoreError", "StaleWrite"}
    found: dict[str, list[set[str]]] = {}
    for file in sorted((Path(paths.__file__).parent).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                key = node.args[0]
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    found.setdefault(key.value, []).append({each.arg for each in node.keywords if each.arg})
    return found


def test_every_error_of_the_program_has_its_sentence(catalogue: Catalogue) -> None:
    keys = raised_keys()
    assert {"disk_full", "setting_invalid", "stale_write", "home_unwritable"} <= set(keys)
    assert {key for key in keys if f"error.{key}" not in catalogue.sentences["en"]} == set()
    sentences = catalogue.sentences["en"]
    assert {key for key, places in keys.items() if any(parameters(sentences[f"error.{key}"]) - given for given in places)} == set()


def test_the_errors_of_the_history_file_have_sentences(catalogue: Catalogue) -> None:
    """These keys come from a table, not from a literal in a raise."""
    for key in ("history_locked", "disk_full", "history_broken", "history_unwritable"):
        text = catalogue.describe(StoreError(key, path=Path("/home/me/a.sqlite3"), reason="attempt to write"), "ko")
        assert "/home/me/a.sqlite3" in text


def test_particles_follow_the_word(small: Catalogue) -> None:
    assert small.tr("ko", "model.use", model="사과") == "사과를 씁니다."
    assert small.tr("ko", "model.use", model="수박") == "수박을 씁니다."
    assert small.tr("ko", "from", file="서울", who="나무") == "서울로 나무가 나무는 나무와"
    assert small.tr("ko", "from", file="부산", who="사람") == "부산으로 사람이 사람은 사람과"
    assert small.tr("en", "model.use", model="SOLAR") == "Uses SOLAR."


def test_ordinary_format_specs_still_work(small: Catalogue) -> None:
    assert small.tr("ko", "number", n=12345, ratio=0.256) == "12,345자, 25.6%"
    assert small.tr("en", "number", n=12345, ratio=0.256) == "12,345 characters, 25.6%"


def test_a_value_is_never_read_as_a_sentence(small: Catalogue) -> None:
    assert small.tr("en", "model.use", model="{model.__class__} {0}") == "Uses {model.__class__} {0}."


def test_what_korean_lacks_is_said_in_english(small: Catalogue) -> None:
    assert small.tr("ko", "only.english", n=7) == "Only 007."
    with pytest.raises(KeyError):
        small.tr("ko", "nowhere")
    with pytest.raises(KeyError):
        small.tr("ko", "model.use")


def test_a_parameter_may_have_any_name() -> None:
    catalogue = Catalogue({"ko": {}, "en": {"k": "{key} {lang}"}})
    assert catalogue.tr("en", "k", key="a", lang="b") == "a b"


def test_errors_are_described(catalogue: Catalogue) -> None:
    error = InputError("setting_invalid", name="top_p", value=3, allowed="> 0, ≤ 1")
    assert catalogue.describe(error, "ko") == "설정 top_p의 값 3은 쓸 수 없습니다. 쓸 수 있는 값: > 0, ≤ 1"
    assert catalogue.describe(error, "en") == "The value 3 cannot be used for the setting top_p. Allowed: > 0, ≤ 1"


@pytest.mark.parametrize("broken", [None, "{", "[]", '{"a": 1}', '{"a": {"b": "c"}}'])
def test_a_broken_catalogue_stops_the_start(tmp_path: Path, broken: str | None) -> None:
    (tmp_path / "ko.json").write_text("{}")
    if broken is not None:
        (tmp_path / "en.json").write_text(broken)
    with pytest.raises(StartError) as caught:
        Catalogue.load(tmp_path)
    assert (caught.value.key, caught.value.params["path"]) == ("locales_broken", tmp_path / "en.json")


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "Korean_Korea.949"}, "ko"),
        ({"LANG": "kok_IN"}, "en"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "en_GB.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "", "LC_MESSAGES": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "C.UTF-8"}, "en"),
    ],
)
def test_the_systems_language(environment: dict[str, str], language: InterfaceLanguage) -> None:
    assert system_language(environment) == language


def test_nothing_heavy_is_loaded() -> None:
    program = "import sys, solar_chat.i18n; print([name for name in ('kiwipiepy', 'gradio', 'torch', 'langdetect', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(paths.__file__).parent.parent)
    assert done.stdout == "[]\n"
