"""What a card says about a model on machines that are not here: sizes, verdicts with their reason, licences, and which buttons there are."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from solar_chat.assistant import LoadState, ServerFacts
from solar_chat.errors import ModelError
from solar_chat.hardware import Hardware, Reason
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.models import CATALOG, EEVE, SOLAR, STARTER, Copy, DownloadProgress, Listed, ModelSpec, QuantizedCopy, best_alternative, fits, resolve
from solar_chat.models.wording import size, speaker
from solar_chat.ui.download_rows import Row, form_name, rows_html
from solar_chat.ui.model_cards import Shown, cards_html
from solar_chat.ui.models_page import machine_html
from solar_chat.ui.server_form import facts_html
from tests.models.test_fit import GB, LAPTOP

CATALOGUE = Catalogue.load()


def shown(
    lang: InterfaceLanguage = "ko", load: LoadState | None = None, used: ModelSpec | None = STARTER, running: frozenset[str] = frozenset()
) -> Shown:
    describe = partial(CATALOGUE.describe, lang=lang)
    return Shown(partial(CATALOGUE.tr, lang), speaker(CATALOGUE, lang), describe, load or LoadState("ready", STARTER.name), used, running)


def listed(spec: ModelSpec, hardware: Hardware = LAPTOP, disk: int = 100 * GB, **more: object) -> Listed:
    found = fits(spec, hardware, disk)
    usable = any(fit.usable for fit in found)
    instead = None if usable else best_alternative(spec, CATALOG, hardware, disk)
    return replace(Listed(spec.id, spec, found, instead=instead), **more)  # type: ignore[arg-type]  # the caller names fields


def card(each: Listed, how: Shown | None = None) -> str:
    return cards_html([each], how or shown())


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def buttons(html: str) -> list[tuple[str, str]]:
    return re.findall(r'data-do="(\w+)" data-model="([^"]*)"', html)


def copy_of(spec: ModelSpec, kind: str, folder: Path, *, here: int, whole: bool) -> Copy:
    form = next(form for form in spec.forms if form.kind == kind)
    folder.mkdir(exist_ok=True)
    return Copy(folder, form, whole, here, form.download_bytes)


def test_the_form_that_suits_stands_first_and_is_recommended() -> None:
    html, needed = card(listed(EEVE)), size(fits(EEVE, LAPTOP, 100 * GB)[0].needed_bytes)
    text = words(html)
    assert text.index("GGUF Q4_K_M 권장") < text.index("safetensors bfloat16")
    assert text.count("권장") == 1
    assert "한국어, 영어 · 10.8B" in text
    assert "상업적으로도 쓸 수 있습니다(Apache-2.0)." in text
    assert f"내려받기 약 6.5 GB 디스크 7.5 GB 필요, 100.0 GB 비어 있음 메모리 {needed} 필요, 11.0 GB 비어 있음" in text
    assert "이 컴퓨터에서 실행됩니다 · 느림" in text
    assert buttons(html) == [("download", f"{EEVE.id}:gguf"), ("download", f"{EEVE.id}:safetensors")]


@pytest.mark.parametrize(("lang", "said"), [("ko", "상업적으로 쓸 수 없습니다(CC-BY-NC-4.0)."), ("en", "Not for commercial use (CC-BY-NC-4.0).")])
def test_a_licence_that_is_not_free_is_said_before_any_button_and_again_in_the_box(lang: InterfaceLanguage, said: str) -> None:
    html = card(listed(SOLAR), shown(lang))
    assert html.index(said) < html.index("<button")
    # Every button that downloads lies in such a box.
    for found in re.finditer(r'<button[^>]*data-do="download"', html):
        box = html[html.rindex("popover id=", 0, found.start()) : found.start()]
        assert said in box


def test_no_licence_is_no_permission() -> None:
    stranger = resolve("someone/model")
    html = card(listed(stranger, added=True))
    assert "라이선스가 적혀 있지 않습니다." in html
    assert html.count("popover id=") == 1
    assert buttons(html) == [("forget", "someone/model"), ("download", "someone/model")]


@pytest.mark.parametrize(
    ("free", "total", "disk", "verdict"),
    [
        (4 * GB, 16 * GB, 100 * GB, "다른 프로그램을 닫으면 실행됩니다. 메모리가 NEEDED 필요한데 4.0 GB만 비어 있습니다."),
        (4 * GB, 8 * GB, 100 * GB, "이 컴퓨터에는 너무 큽니다. 메모리가 NEEDED 필요한데 4.0 GB만 비어 있습니다."),
        (11 * GB, 16 * GB, 5 * GB, "이 컴퓨터에는 너무 큽니다. 디스크에 7.5 GB가 필요한데 5.0 GB만 비어 있습니다."),
    ],
)
def test_what_stands_against_a_model_is_said(free: int, total: int, disk: int, verdict: str) -> None:
    each = listed(EEVE, replace(LAPTOP, device_free_bytes=free, device_total_bytes=total), disk)
    needed = next(fit for fit in each.fits if fit.engine == "llama.cpp").needed_bytes
    assert verdict.replace("NEEDED", size(needed)) in words(card(each))


def test_what_does_not_run_names_what_does_and_asks_before_it_downloads() -> None:
    small = replace(LAPTOP, device_free_bytes=4 * GB, device_total_bytes=6 * GB)
    html = card(listed(EEVE, small))
    assert "이 컴퓨터에는 Solar Starter가 알맞습니다." in words(html)
    assert html.count("그래도 내려받기") == 2


def test_a_refused_model_is_listed_with_its_reason_and_without_buttons() -> None:
    html = card(listed(resolve("solar-pro-preview")))
    assert "안전을 위해 불러오지 않습니다" in html
    assert "<button" not in html


def test_what_is_here_can_be_used_and_removed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "weights").write_bytes(b"x" * 3_000_000)
    here = copy_of(EEVE, "gguf", tmp_path / "a", here=6_510_000_000, whole=True)
    html = card(listed(EEVE, copies=(here,)))
    assert buttons(html) == [("use", f"{EEVE.id}:gguf"), ("remove", f"{EEVE.id}:gguf"), ("download", f"{EEVE.id}:safetensors")]
    assert "받은 용량 6.5 GB" in words(html)
    assert "이 컴퓨터에서 지웁니다. 디스크 3 MB가 빕니다." in html
    used = replace(EEVE, form=here.form)
    assert buttons(card(listed(EEVE, copies=(here,)), shown(used=used))) == [("download", f"{EEVE.id}:safetensors")]
    assert "사용 중" in card(listed(EEVE, copies=(here,)), shown(used=used))


def test_what_is_half_here_can_be_gone_on_with(tmp_path: Path) -> None:
    half = copy_of(SOLAR, "gguf", tmp_path / "a", here=2_000_000_000, whole=False)
    html = card(listed(SOLAR, copies=(half,)))
    assert ("download", f"{SOLAR.id}:gguf") in buttons(html)
    assert "이어받기" in html
    running = frozenset({f"{SOLAR.id}:gguf"})
    assert ("download", f"{SOLAR.id}:gguf") not in buttons(card(listed(SOLAR, copies=(half,)), shown(running=running)))


def test_superfluous_16_bit_files_are_offered_back(tmp_path: Path) -> None:
    full = copy_of(EEVE, "safetensors", tmp_path / "a", here=21_610_000_000, whole=True)
    copy = QuantizedCopy(tmp_path, 5_600_000_000, 21_610_000_000)
    html = card(listed(EEVE, copies=(full,), quantized=copy))
    assert ("full", f"{EEVE.id}:safetensors") in buttons(html)
    assert "4비트 사본(5.6 GB)이 있어서" in html
    assert "디스크 21.6 GB가 빕니다." in html
    gone = replace(copy, full_bytes=0)
    assert "full" not in dict(buttons(card(listed(EEVE, copies=(full,), quantized=gone))))


def test_a_model_that_is_gone_says_why_and_can_be_taken_off() -> None:
    html = card(Listed("/nowhere/model", None, added=True, problem=ModelError("model_folder_missing", path="/nowhere/model")))
    assert "/nowhere/model 폴더가 없습니다." in html
    assert buttons(html) == [("forget", "/nowhere/model")]


def test_a_model_on_a_server_says_that_what_is_written_leaves() -> None:
    spec = resolve("upstage:solar-pro4")
    html = card(Listed(spec.id, spec, added=True), shown("en"))
    assert "It answers on the server https://api.upstage.ai/v1: what you write leaves this computer." in words(html)
    assert buttons(html) == [("forget", "upstage:solar-pro4"), ("use", "upstage:solar-pro4")]
    local = resolve("ollama:solar")
    assert "It answers on a server of this computer, http://127.0.0.1:11434/v1." in words(card(Listed(local.id, local, added=True), shown("en")))


def test_names_are_no_markup() -> None:
    evil = replace(resolve("a/b"), name="<img src=x onerror=alert(1)>${evil}{{evil}}", licence='"><script>')
    html = card(listed(evil))
    assert "<img" not in html
    assert "<script" not in html
    assert "${" not in html
    assert "{{" not in html


@pytest.mark.parametrize(
    ("now", "line", "acts"),
    [
        (
            DownloadProgress("downloading", 2_000_000_000, 6_500_000_000, 11_000_000.0, 409.0),
            "31% 2.0 GB / 6.5 GB · 11 MB/s · 7분 남음",
            ["pause", "cancel"],
        ),
        (DownloadProgress("asking"), "허브에 묻는 중…", ["pause", "cancel"]),
        (
            DownloadProgress("waiting", 1_000_000_000, 6_500_000_000, wait_s=30),
            "15% 1.0 GB / 6.5 GB · 30초 뒤에 다시 시도합니다",
            ["pause", "cancel"],
        ),
        (DownloadProgress("paused", 1_000_000_000, 6_500_000_000), "15% 1.0 GB / 6.5 GB · 멈춤", ["download", "cancel"]),
    ],
)
def test_a_download_says_how_far_how_fast_and_how_long(now: DownloadProgress, line: str, acts: list[str]) -> None:
    form = next(form for form in EEVE.forms if form.kind == "gguf")
    how = shown()
    html = rows_html([Row(form_name(EEVE, form), EEVE, form, now)], how.tr, how.say, how.describe)
    assert line in words(html)
    assert buttons(html) == [(act, f"{EEVE.id}:gguf") for act in acts]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ModelError("hub_gated", model="me/gated", url="https://huggingface.co/me/gated"), '<a href="https://huggingface.co/me/gated"'),
        (ModelError("hub_offline", model="me/m", hub="https://huggingface.co", reason="timed out"), "인터넷 연결을 확인하고"),
        (ModelError("hub_busy", model="me/m", minutes=5), "5분 뒤에 다시 시도하십시오."),
        (ModelError("download_disk_full", model="me/m", path="/disk"), "디스크가 가득 찼습니다(/disk)."),
    ],
)
def test_a_failed_download_says_why_and_how_to_go_on(error: ModelError, said: str) -> None:
    how, form = shown(), EEVE.forms[0]
    html = rows_html([Row("x", EEVE, form, DownloadProgress("failed", 5, 10, error=error))], how.tr, how.say, how.describe)
    assert said in html
    assert "다시 시도" in html
    assert buttons(html)[0] == ("download", "x")


def test_no_downloads_no_section() -> None:
    how = shown()
    assert rows_html([], how.tr, how.say, how.describe) == ""


def test_a_card_that_torch_cannot_use_is_said_with_the_remedy() -> None:
    reason = Reason("cpu_torch_without_cuda", {"torch": "2.13.0+cpu", "version": "2.13.0"})
    trap = replace(LAPTOP, reason=reason, traps=(Reason("trap_no_avx2", {"missing": "AVX2"}),))
    html = machine_html(trap, 50 * GB, shown())
    assert "pip install --force-reinstall torch==2.13.0 명령을 실행하고" in html
    assert "AVX2가 없어서 GGUF 모델을" in html
    assert "이 컴퓨터: Core i5 · 메모리 16.0 GB 가운데 11.0 GB 비어 있음 · 디스크 50.0 GB 비어 있음" in html


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (ServerFacts("https://api.upstage.ai/v1", "https://api.upstage.ai", "keychain", "UPSTAGE_API_KEY"), "https://api.upstage.ai로 나갑니다"),
        (
            ServerFacts("https://api.upstage.ai/v1", "https://api.upstage.ai", "no_keychain", "UPSTAGE_API_KEY"),
            "환경 변수 UPSTAGE_API_KEY를 지정하고",
        ),
        (ServerFacts("http://127.0.0.1:11434/v1", None, "not_needed", "SOLAR_CHAT_API_KEY"), "이 컴퓨터 밖으로 나가지 않습니다."),
    ],
)
def test_where_what_is_written_goes_is_said_before_it_goes(facts: ServerFacts, said: str) -> None:
    assert said in facts_html(facts, shown().tr)
