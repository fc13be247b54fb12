"""What a name means, and what a folder says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from gguf import GGUFWriter

from solar_chat.errors import InputError, ModelError
from solar_chat.models import CATALOG, EEVE, SOLAR, STARTER, resolve
from solar_chat.models.describe import find_template
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import TEMPLATES


def make(folder: Path, **files: object) -> Path:
    """`config=...` writes config.json, `tokenizer_config=...` and so on; a string is written as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"config": {"model_type": "llama", "max_position_embeddings": 4096}, **files}.items():
        if content is not None:
            path = folder / (name if "." in name else f"{name}.json")
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return folder


def refused(name: str | Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        resolve(name)
    return caught.value


def test_the_catalogue_states_its_licences() -> None:
    facts = {spec.id: (spec.template, spec.context_tokens, spec.licence, spec.commercial) for spec in CATALOG}
    assert facts == {
        "starter": ("starter", 1024, "Apache-2.0", True),
        "upstage/SOLAR-10.7B-Instruct-v1.0": ("solar", 4096, "CC-BY-NC-4.0", False),
        "yanolja/EEVE-Korean-Instruct-10.8B-v1.0": ("eeve", 4096, "Apache-2.0", True),
        "nlpai-lab/KULLM3": ("kullm", 4096, "CC-BY-NC-4.0", False),
        "upstage/TinySolar-248m-4k": ("solar", 4096, "Apache-2.0", True),
        "upstage/solar-pro-preview-instruct": ("chatml", 4096, "MIT", True),
    }
    assert all(spec.template in TEMPLATES and (spec.path is None) == bool(spec.forms) for spec in CATALOG)
    assert STARTER.path == STARTER_MODEL
    assert SOLAR.parameters == 48 * 218_112_000 + 2 * 32_000 * 4096 + 4096
    assert EEVE.parameters == 48 * 218_112_000 + 2 * 40_960 * 4096 + 4096
    assert "ko" not in SOLAR.languages
    assert all(spec.tokens_per_syllable for spec in CATALOG if "ko" in spec.languages)


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("starter", STARTER),
        ("SOLAR", SOLAR),
        (" eeve ", EEVE),
        ("upstage/solar-10.7b-instruct-v1.0", SOLAR),
        ("yanolja/EEVE-Korean-Instruct-10.8B-v1.0", EEVE),
    ],
)
def test_names_and_aliases(name: str, spec: object) -> None:
    assert resolve(name) is spec


@pytest.mark.parametrize(
    ("name", "template"),
    [("beomi/OPEN-SOLAR-KO-10.7B", "solar"), ("me/my-EEVE-tune", "eeve"), ("Qwen/Qwen3-0.6B", "chatml"), ("a/b", "solar")],
)
def test_any_hub_id(name: str, template: str) -> None:
    spec = resolve(name)
    assert (spec.id, [form.repo for form in spec.forms], spec.path, spec.template) == (name, [name], None, template)
    assert spec.licence is None
    assert spec.commercial is None


@pytest.mark.parametrize("name", ["", "   ", "nonsense", "a/b/c", "a b/c", "한글/모델", "-"])
def test_what_means_nothing_is_refused_with_what_does(name: str) -> None:
    error = refused(name)
    assert error.key == "model_unknown"
    assert error.params["known"] == "starter, solar, eeve, kullm3, tinysolar, solar-pro-preview"


@pytest.mark.parametrize("name", ["./nowhere", "/nowhere/at/all", "~/nowhere-at-all", "C:\\models\\x"])
def test_a_path_that_is_not_there(name: str) -> None:
    assert refused(name).key == "model_folder_missing"


@pytest.mark.parametrize("name", ["~~~", "m" * 300, f"{'m' * 300}.gguf", "~~~:gguf"])
def test_what_can_be_no_path_is_said(name: str) -> None:
    with pytest.raises(InputError, match="path_unusable"):
        resolve(name)


def test_files_are_not_folders(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes(b"")
    assert refused(file).key == "model_not_a_folder"
    assert refused("solar-10.7b.Q4_K_M.gguf").key == "model_file_missing"


def test_a_form_can_be_asked_for() -> None:
    spec = resolve("solar:gguf")
    assert (spec.id, spec.form) == (SOLAR.id, SOLAR.forms[1])
    assert resolve("upstage/SOLAR-10.7B-Instruct-v1.0:safetensors").form == SOLAR.forms[0]
    assert refused("kullm3:gguf").params == {"model": "nlpai-lab/KULLM3", "form": "gguf", "known": "safetensors"}
    assert refused("starter:gguf").params["known"] == "-"


def test_the_cache_of_solar_is_that_of_its_paper() -> None:
    assert SOLAR.shape is not None
    assert SOLAR.shape.kv_bytes(1) == 196_608


class TestGguf:
    def make(self, file: Path, **fields: str) -> Path:
        writer = GGUFWriter(file, "llama")
        writer.add_name(fields.pop("general__name", "EEVE Korean"))
        writer.add_context_length(32_768)
        writer.add_block_count(48)
        writer.add_embedding_length(4096)
        writer.add_head_count(32)
        writer.add_head_count_kv(8)
        for key, value in fields.items():
            writer.add_string(key.replace("__", "."), value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return file

    def test_it_describes_itself(self, tmp_path: Path) -> None:
        spec = resolve(self.make(tmp_path / "내 eeve.Q4_K_M.gguf", general__license="cc-by-nc-4.0"))
        assert (spec.template, spec.context_tokens, spec.licence, spec.commercial) == ("eeve", 8192, "cc-by-nc-4.0", False)
        assert spec.shape == SOLAR.shape
        assert spec.form is not None
        assert (spec.form.kind, spec.form.weights) == ("gguf", "Q4_K_M")

    def test_its_chat_template_wins_over_its_name(self, tmp_path: Path) -> None:
        spec = resolve(self.make(tmp_path / "x.gguf", tokenizer__chat_template="{{'<|im_start|>'}}"))
        assert (spec.template, spec.limits) == ("chatml", ())

    @pytest.mark.parametrize(
        ("shown", "name", "template", "limits"),
        [
            ("[INST] <<SYS>>", "KULLM3-Q4_K_M.gguf", "kullm", ()),
            ("[INST] <<SYS>>", "llama-2-7b-chat.gguf", "llama2", ()),
            ("<|start_header_id|>", "llama-3.gguf", "solar", ("template_guessed",)),
            ("", "something.gguf", "solar", ("template_guessed",)),
        ],
    )
    def test_a_guess_is_said(self, tmp_path: Path, shown: str, name: str, template: str, limits: tuple[str, ...]) -> None:
        spec = resolve(self.make(tmp_path / name, general__name="x", tokenizer__chat_template=shown))
        assert (spec.template, spec.limits) == (template, limits)
        # Its folder may say what it does not.
        make(tmp_path, solar_chat={"template": "chatml"})
        assert (resolve(tmp_path / name).template, resolve(tmp_path / name).limits) == ("chatml", ())
        make(tmp_path, solar_chat={"template": "alpaca"})
        assert refused(tmp_path / name).key == "model_template"

    @pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF\x03\0\0\0" + b"\xff" * 40, b"not a model at all"])
    def test_a_broken_one_is_named(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "broken.gguf"
        file.write_bytes(content)
        assert refused(file).key == "model_file_broken"


class TestFolder:
    def test_it_describes_itself(self, tmp_path: Path) -> None:
        folder = make(tmp_path / "내 모델", **{"README.md": "---\nlanguage: ko\nlicense: cc-by-nc-4.0\n---\n# x"})
        spec = resolve(folder)
        assert (spec.path, spec.forms, spec.name, spec.context_tokens) == (folder, (), "내 모델", 4096)
        assert (spec.licence, spec.commercial) == ("cc-by-nc-4.0", False)

    def test_a_relative_path_becomes_absolute(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        make(tmp_path / "owner" / "model")
        monkeypatch.chdir(tmp_path)
        assert resolve("owner/model").path == tmp_path / "owner" / "model"

    def test_a_very_long_context_is_cut(self, tmp_path: Path) -> None:
        assert resolve(make(tmp_path, config={"model_type": "qwen3", "max_position_embeddings": 131_072})).context_tokens == 8192

    @pytest.mark.parametrize(
        ("files", "template"),
        [
            ({"tokenizer_config": {"chat_template": "{{'### User:\n' + m}}"}}, "solar"),
            ({"tokenizer_config": {"chat_template": "<|im_start|>{{m}}"}}, "chatml"),
            ({"tokenizer_config": {"chat_template": [{"name": "default", "template": "<|im_start|>"}]}}, "chatml"),
            ({"chat_template.jinja": "{{'### User:\n'}}"}, "solar"),
            ({"tokenizer_config": {"chat_template": "Human: {{m}}\nAssistant:"}}, "eeve"),
            ({"tokenizer": {"added_tokens": [{"content": mark} for mark in TEMPLATES["starter"].stop]}}, "starter"),
            ({"tokenizer": {"added_tokens": [{"content": "<|im_start|>"}]}}, "chatml"),
            ({"tokenizer_config": {"chat_template": "[INST] <<SYS>>{{m}}"}}, "llama2"),
        ],
    )
    def test_the_template_is_found(self, tmp_path: Path, files: dict[str, object], template: str) -> None:
        folder = make(tmp_path / "model", **files)
        assert find_template(folder) == template
        assert resolve(folder).limits == ()

    @pytest.mark.parametrize("shown", [None, {"chat_template": "{{'<|start_header_id|>'}}"}, {"chat_template": "<start_of_turn>"}])
    @pytest.mark.parametrize(("name", "template"), [("model", "solar"), ("my-EEVE", "eeve"), ("KULLM3-copy", "kullm")])
    def test_a_guess_is_said(self, tmp_path: Path, shown: object, name: str, template: str) -> None:
        spec = resolve(make(tmp_path / name, tokenizer_config=shown))
        assert (spec.template, spec.limits) == (template, ("template_guessed",))
        assert resolve(make(tmp_path / name, tokenizer_config=shown, solar_chat={"template": template})).limits == ()

    def test_its_own_word_wins(self, tmp_path: Path) -> None:
        own = {"template": "chatml", "name": "내 모델", "context_tokens": 512}
        spec = resolve(make(tmp_path, solar_chat=own, tokenizer_config={"chat_template": "### User:"}))
        assert (spec.template, spec.name, spec.context_tokens) == ("chatml", "내 모델", 512)

    @pytest.mark.parametrize(
        ("files", "key"),
        [
            ({"config": None}, "model_file_missing"),
            ({"config": "{"}, "model_file_broken"),
            ({"config": "[]"}, "model_file_broken"),
            ({"solar_chat": "nope"}, "model_file_broken"),
            ({"solar_chat": {"template": "alpaca"}}, "model_template"),
        ],
    )
    def test_a_broken_one_is_named(self, tmp_path: Path, files: dict[str, object], key: str) -> None:
        assert refused(make(tmp_path / "model", **files)).key == key
