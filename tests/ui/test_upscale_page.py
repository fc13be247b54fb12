"""The Up-scaling view in a browser: the model in the box is made deeper, proven and talked to; what cannot be is said where it was typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from solar_chat.assistant import Assistant
from solar_chat.i18n import Catalogue
from solar_chat.paths import STARTER_MODEL
from solar_chat.ui.upscale_picture import in_words, picture_html
from solar_chat.upscale import Checkpoint, DepthPlan
from tests.talk import TALK
from tests.ui.house import REPLIES, eventually, finished, send
from tests.ui.workshop import watched_tab, working_page

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

LOADING_MS = 60_000
CELLS = "#upscale-picture .cells i"


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Assistant]]:
    with working_page(tmp_path_factory.mktemp("집")) as found:
        yield found


@pytest.fixture
def page(chromium: Browser, workshop: tuple[str, Assistant]) -> Iterator[Page]:
    url, assistant = workshop
    assistant.builds.cancel()
    assistant.builds.wait(30)
    assistant.builds.forget()
    shutil.rmtree(assistant.home.built, ignore_errors=True)
    assistant.home.added.unlink(missing_ok=True)
    with watched_tab(chromium, url, "upscale") as page:
        expect(page.locator(CELLS).first).to_be_visible(timeout=LOADING_MS)
        yield page


def cells(page: Page) -> list[int]:
    return [int(text) for text in page.locator(CELLS).all_inner_texts()]


def type_slices(page: Page, text: str) -> None:
    page.locator("#upscale-slices").locator("input, textarea").fill(text)


def test_from_the_box_to_a_deeper_model_that_answers(page: Page, workshop: tuple[str, Assistant]) -> None:
    _, assistant = workshop
    expect(page.locator("#upscale-source input")).to_have_value("starter")
    # A quarter of twelve layers.
    assert cells(page) == [*range(9), *range(3, 12)]
    slider = page.locator("#upscale-drop input[type=range]")
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator(CELLS)).to_have_count(16)
    assert cells(page) == [*range(8), *range(4, 12)]
    expect(page.locator("#upscale-picture .seam")).to_have_text("이음매: 7 → 4 (거리 3)")
    expect(page.get_by_role("img", name="12층을 16층으로 쌓습니다.")).to_be_visible()
    expect(page.locator("#upscale-facts")).to_contain_text("10,950,912 → 13,902,080")
    expect(page.locator("#upscale-facts")).to_contain_text("이대로는 원본보다 못합니다.")
    expect(page.locator("#upscale-place")).to_contain_text("starter-16")
    page.locator("#upscale-name").locator("input, textarea").fill("깊은 모델")
    expect(page.locator("#upscale-place")).to_contain_text("깊은 모델")
    page.click("#upscale-build button, button#upscale-build")
    job = page.locator("#upscale-job")
    expect(job).to_contain_text("만들었습니다:")
    out = assistant.home.built / "깊은 모델"
    assert Checkpoint.read(out).layers == 16
    job.get_by_role("button", name="검증하기").click()
    expect(job).to_contain_text("starter와 견주어 모두 같습니다")
    page.locator("#upscale-text textarea").fill(TALK)
    job.get_by_role("button", name="원본과 재 보기").click()
    # What it means, in a sentence and in a picture that the browser could read.
    expect(job.locator(".worth")).to_contain_text("쌓기만 한 모델은 원본보다 못한 것이 당연하며", timeout=LOADING_MS)
    expect(job).to_contain_text("이음매 바로 위의 8번 층")
    assert job.locator("img.chart").evaluate("(image) => [image.complete, image.naturalWidth, image.alt.length > 50]") == [True, 1600, True]
    assert (out / "upscale.png").is_file()
    job.get_by_role("button", name="GGUF로 내보내기").click()
    page.locator("[popover]:popover-open").get_by_role("button", name="q8_0").click()
    expect(job).to_contain_text("내보냈습니다:", timeout=LOADING_MS)
    expect(job).to_contain_text("라이선스: apache-2.0")
    assert sorted(path.name for path in assistant.home.built.iterdir()) == ["Modelfile", "깊은 모델", "깊은 모델-q8_0.gguf"]
    # What was known before still is.
    expect(job).to_contain_text("starter와 견주어 모두 같습니다")
    job.get_by_role("button", name="이 모델과 대화하기").click()
    expect(page.locator("#box")).to_be_visible()
    expect(page.locator("#status")).to_contain_text("깊은 모델", timeout=LOADING_MS)
    assert eventually(lambda: assistant.load_state().stage == "ready")
    assert assistant.settings.load().model == str(out)
    assistant.settings.update(guard="off", max_reply_tokens=16)
    send(page, "안녕하십니까?")
    expect(page.locator(REPLIES)).not_to_have_count(0, timeout=LOADING_MS)
    finished(page)
    # Beside the others it can be built upon and chosen again.
    assert assistant.library.with_layers() == ("starter", str(out))
    page.click("#go-upscale")
    # The name that is typed is taken now.
    expect(page.locator("#upscale-place")).to_contain_text("이미 있습니다")
    expect(page.locator("button#upscale-build")).to_be_disabled()


def test_what_is_wrong_is_said_where_it_was_typed(page: Page, workshop: tuple[str, Assistant]) -> None:
    workshop[1].home.built.mkdir()
    type_slices(page, "0:8,4:")
    # Not while it is being typed.
    expect(page.locator("#upscale-plan-problem")).to_have_text("")
    type_slices(page, "0:8,4:12")
    expect(page.locator(CELLS)).to_have_count(16)
    for typed, said in [("0:8;4:12", "구간은 0:24,8:32처럼"), ("0:8,4:20", "4:20"), ("0:4", "깊지 않습니다")]:
        type_slices(page, typed)
        page.keyboard.press("Enter")
        expect(page.locator("#upscale-plan-problem [role=alert]")).to_contain_text(said)
        expect(page.locator(CELLS)).to_have_count(0)
        expect(page.locator("button#upscale-build")).to_be_disabled()
    # m puts the slices away.
    page.locator("#upscale-drop input[type=range]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(CELLS)).to_have_count(20)
    expect(page.locator("#upscale-slices").locator("input, textarea")).to_have_value("")
    expect(page.locator("#upscale-plan-problem")).to_have_text("")
    # An inserted layer changes nothing, so there is no seam.
    page.locator("#upscale-method").get_by_text("항등").click()
    expect(page.locator(f"{CELLS}.zeroed")).to_have_count(8)
    expect(page.locator("#upscale-picture .seam")).to_have_count(0)
    expect(page.locator("#upscale-facts")).to_contain_text("원본과 똑같이 답합니다")
    page.locator("#upscale-name").locator("input, textarea").fill("가" * 300)
    expect(page.locator("#upscale-place [role=alert]")).to_contain_text("쓰지 못했습니다")
    page.locator("#upscale-name").locator("input, textarea").fill("~~~")
    expect(page.locator("#upscale-plan-problem [role=alert]")).to_contain_text("경로로 쓸 수 없습니다")
    page.locator("#upscale-name").locator("input, textarea").fill(str(STARTER_MODEL / "inside"))
    expect(page.locator("#upscale-place [role=alert]")).to_contain_text("원본 폴더이거나 그 안에 있습니다")
    expect(page.locator("button#upscale-build")).to_be_disabled()


def test_a_source_that_is_none(page: Page, tmp_path: Path) -> None:
    field = page.locator("#upscale-source input")
    quantized = shutil.copytree(STARTER_MODEL, tmp_path / "quantized")
    config = json.loads((quantized / "config.json").read_text())
    (quantized / "config.json").write_text(json.dumps({**config, "quantization_config": {"quant_method": "bitsandbytes"}}))
    for typed, said in [("아무개", "아무개"), ("/가" * 900, "/가/가"), (str(tmp_path), "config.json"), (str(quantized), "양자화된 모델")]:
        field.fill(typed)
        field.press("Enter")
        expect(page.locator("#upscale-source-problem [role=alert]")).to_contain_text(said)
        expect(page.locator(CELLS)).to_have_count(0)
        expect(page.locator("button#upscale-build")).to_be_disabled()
    field.fill("starter")
    field.press("Enter")
    expect(page.locator(CELLS)).to_have_count(18)
    expect(page.locator("#upscale-source-problem")).to_have_text("")


def test_a_build_outlives_its_tab_and_is_called_off_from_another(
    page: Page, workshop: tuple[str, Assistant], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, assistant = workshop

    def slow(source: object, plan: object, out: Path, *_: object, progress: object) -> None:
        assert callable(progress)
        page_bytes = 1_000_000
        for done in range(100_000):
            progress(done * page_bytes, 100_000 * page_bytes)
            assistant.builds._calls_off.wait(0.02)

    monkeypatch.setattr("solar_chat.workshop.building.build", slow)
    page.click("button#upscale-build")
    expect(page.locator("#upscale-job progress")).to_be_visible()
    expect(page.locator("#upscale-job .line")).to_contain_text("MB / 100.0 GB")
    expect(page.locator("button#upscale-build")).to_be_disabled()
    other = page.context.new_page()
    page.close()
    other.goto(f"{url}#upscale")
    expect(other.locator("#upscale-job progress")).to_be_visible()
    other.locator("#upscale-job").get_by_role("button", name="취소").click()
    expect(other.locator("#upscale-job")).to_contain_text("중단했습니다. 남은 것은 없습니다.")
    expect(other.locator("button#upscale-build")).to_be_enabled()
    # Nothing is asked once nothing moves.
    other.wait_for_timeout(1500)
    asked: list[str] = []
    other.on("request", lambda request: asked.append(request.url))
    other.wait_for_timeout(2000)
    assert [address for address in asked if "heartbeat" not in address] == []


def test_every_new_layer_has_a_cell_and_every_seam_a_line() -> None:
    catalogue = Catalogue.load()

    def tr(key: str, /, **params: object) -> str:
        return catalogue.tr("en", key, **params)

    solar = DepthPlan.solar(32, 8)
    drawn = picture_html(solar, tr)
    assert drawn.count('class="lower"') - 1 == 24
    assert drawn.count('class="upper"') - 1 == 24
    assert drawn.count('class="seam"') == 1
    assert in_words(solar, tr) == ("32 layers become 48. New layers ← source layers: 0–23 ← 0–23, 24–47 ← 8–31. Seam: 23 → 8 (distance 15).")
    many = DepthPlan.slices(96, [(start, start + 8) for start in range(0, 89, 4)])
    assert picture_html(many, tr).count('class="seam"') == len(many.seams) == 22
    assert in_words(many, tr).count("←") == 13
    pro = DepthPlan.identity(32, 12)
    assert picture_html(pro, tr).count("zeroed") == 8 + 1
    assert 'class="seam"' not in picture_html(pro, tr)
