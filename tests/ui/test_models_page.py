"""The Models view in a browser: a hub and a server of our own, real downloads, a real tiny checkpoint that is loaded and talked to."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import keyring
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from solar_chat.assistant import Assistant
from solar_chat.models import resolve
from solar_chat.models.download import Download
from tests.engine.openai_server import OpenAIServer, says
from tests.models.downloading import tiny_checkpoint, until
from tests.models.hub import StandInHub, running
from tests.test_keys import SECRET, Memory
from tests.ui.house import BOX, REPLIES, SEND, eventually, finished, ready, send
from tests.ui.workshop import watched_tab, working_page

pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings("ignore")]

LOADING_MS = 60_000
PADDING = b"\0" * 3_000_000


@dataclass
class Gallery:
    """A running page over a real assistant, and the hub it downloads from."""

    url: str
    assistant: Assistant
    hub: StandInHub

    @property
    def cache(self) -> Path:
        return self.assistant.home.models


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny"), context_tokens=4096)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Iterator[Gallery]:
    with pytest.MonkeyPatch.context() as patch, running() as hub:
        patch.setenv("HF_ENDPOINT", hub.url)
        with working_page(tmp_path_factory.mktemp("집")) as (url, assistant):
            yield Gallery(url, assistant, hub)


@pytest.fixture
def gallery(served: Gallery, tiny: Path) -> Gallery:
    """With the model in the box in use, nothing said, nothing downloaded and nothing added."""
    for conversation in served.assistant.store.list():
        served.assistant.store.delete(conversation.id)
    hub, files = served.hub, {file.name: file.read_bytes() for file in tiny.iterdir()}
    hub.requests.clear()
    hub.bytes_per_second = None
    hub.gated.clear()
    hub.replaced.clear()
    hub.hangs_up = False
    hub.content_failures.clear()
    hub.offer("me/tiny", files, parameters=30_000, license="cc-by-nc-4.0")
    # safetensors refuse bytes that belong to nothing, so this one is only for downloading.
    hub.offer("me/heavy", {**files, "model.safetensors": PADDING}, parameters=700_000, license="apache-2.0")
    if served.assistant.load_state().model != "Solar Starter":
        served.assistant.start_loading("starter")
        served.assistant.wait_ready()
    for run in served.assistant.downloads():
        run.cancel()
        run.wait(5)
    shutil.rmtree(served.cache, ignore_errors=True)
    served.assistant.home.added.unlink(missing_ok=True)
    served.assistant.home.settings.unlink(missing_ok=True)
    return served


@pytest.fixture
def page(chromium: Browser, gallery: Gallery) -> Iterator[Page]:
    with watched_tab(chromium, gallery.url, "models") as page:
        expect(page.locator(".card").first).to_be_visible(timeout=LOADING_MS)
        yield page


def card(page: Page, name: str) -> Locator:
    return page.get_by_role("article", name=name, exact=True)


def add(page: Page, name: str) -> None:
    page.locator("#model-name input, #model-name textarea").fill(name)
    page.click("#model-add")


def press(where: Locator, name: str) -> None:
    where.get_by_role("button", name=name, exact=True).click()


def test_from_the_list_to_a_conversation(page: Page, gallery: Gallery) -> None:
    add(page, "me/tiny")
    tiny = card(page, "me/tiny")
    expect(tiny).to_contain_text("상업적으로 쓸 수 없습니다(cc-by-nc-4.0).")
    expect(tiny).to_contain_text("이 컴퓨터에서 실행됩니다")
    # The licence is said once more before anything is fetched, and there is a way back.
    press(tiny, "내려받기")
    box = page.locator("[popover]:popover-open")
    expect(box).to_contain_text("상업적으로 쓸 수 없습니다(cc-by-nc-4.0).")
    page.keyboard.press("Escape")
    expect(page.locator("[popover]:popover-open")).to_have_count(0)
    # Its configuration alone, for the memory that it needs.
    assert gallery.hub.got == [("config.json", 0)]
    press(tiny, "내려받기")
    press(page.locator("[popover]:popover-open"), "상업적으로 쓰지 않고 내려받기")
    expect(tiny.get_by_role("button", name="이 모델 쓰기")).to_be_visible()
    expect(page.locator("#downloads h2")).to_have_count(0)
    press(tiny, "이 모델 쓰기")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · tiny · CPU", timeout=LOADING_MS)
    expect(tiny).to_contain_text("사용 중")
    expect(tiny.get_by_role("button", name="지우기")).to_have_count(0)
    assert gallery.assistant.settings.load().model == "me/tiny"
    # A random model says something in no language at all: what counts is that it is asked and its words arrive.
    page.click("#go-chat")
    gallery.assistant.settings.update(guard="off", max_reply_tokens=16)
    send(page, "안녕하십니까?")
    expect(page.locator(REPLIES)).to_be_visible(timeout=LOADING_MS)
    finished(page)
    assert gallery.assistant.store.list(limit=1)[0].title == "안녕하십니까?"
    # Another model goes on in the same conversation.
    page.click("#go-models")
    press(card(page, "starter"), "이 모델 쓰기")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · Solar Starter · CPU", timeout=LOADING_MS)
    page.click("#go-chat")
    send(page, "고맙습니다.")
    expect(page.locator(REPLIES)).to_have_count(2, timeout=LOADING_MS)
    finished(page)


def test_a_download_is_watched_paused_and_resumed_in_two_tabs(page: Page, gallery: Gallery) -> None:
    gallery.hub.bytes_per_second = 60_000
    add(page, "me/heavy")
    press(card(page, "me/heavy"), "내려받기")
    row = page.locator("#downloads .download")
    expect(row).to_contain_text("/ 3 MB")
    expect(row).to_contain_text("kB/s")
    expect(row).to_contain_text("남음")
    assert float(row.locator("progress").get_attribute("value") or 0) > 0
    expect(card(page, "me/heavy")).to_contain_text("내려받는 중")
    # The engine answers meanwhile, and the view may be left.
    page.click("#go-chat")
    send(page, "안녕하십니까?")
    expect(page.locator(REPLIES)).to_be_visible()
    finished(page)
    other = page.context.new_page()
    other.goto(f"{gallery.url}#models")
    press(other.locator("#downloads"), "일시 정지")
    expect(other.locator("#downloads")).to_contain_text("멈춤")
    page.bring_to_front()
    page.click("#go-models")
    expect(row).to_contain_text("멈춤")
    gallery.hub.bytes_per_second = None
    press(row, "이어받기")
    expect(card(page, "me/heavy").get_by_role("button", name="이 모델 쓰기")).to_be_visible()
    assert [first for name, first in gallery.hub.got if name == "model.safetensors"][-1] > 0
    other.close()


def test_what_a_killed_app_left_is_offered_again(page: Page, gallery: Gallery) -> None:
    # The same files as after a kill: parts, and a listing; nobody in this process knows of them.
    gallery.hub.bytes_per_second = 400_000
    run = Download(resolve("me/heavy"), gallery.cache, endpoint=gallery.hub.url).start()
    until(run, 300_000)
    run.pause()
    run.wait(5)
    gallery.hub.bytes_per_second = None
    page.reload()
    row = page.locator("#downloads .download")
    expect(row).to_contain_text("멈춤")
    press(row, "이어받기")
    expect(card(page, "me/heavy").get_by_role("button", name="이 모델 쓰기")).to_be_visible()
    assert (gallery.cache / "me--heavy" / "model.safetensors").stat().st_size == len(PADDING)


def test_cancelling_says_what_is_lost_and_asks(page: Page, gallery: Gallery) -> None:
    gallery.hub.bytes_per_second = 400_000
    add(page, "me/heavy")
    press(card(page, "me/heavy"), "내려받기")
    row = page.locator("#downloads .download")
    expect(row).to_contain_text("kB/s")
    press(row, "취소")
    box = page.locator("[popover]:popover-open")
    expect(box).to_contain_text("heavy 내려받기를 그만두고 받은")
    # The box stays while the numbers behind it go on.
    page.wait_for_timeout(1500)
    press(box, "멈추고 지우기")
    expect(page.locator("#downloads h2")).to_have_count(0)
    expect(card(page, "me/heavy").get_by_role("button", name="내려받기", exact=True)).to_be_visible()
    assert not (gallery.cache / "me--heavy" / ".parts").exists()


def test_a_gated_download_explains_itself(page: Page, gallery: Gallery) -> None:
    gallery.hub.offer("me/gated", {"config.json": b"{}", "model.safetensors": PADDING}, license="llama2")
    gallery.hub.gated.add("me/gated")
    add(page, "me/gated")
    expect(card(page, "me/gated")).to_contain_text("라이선스가 llama2입니다.")
    press(card(page, "me/gated"), "내려받기")
    press(page.locator("[popover]:popover-open"), "그래도 내려받기")
    row = page.locator("#downloads .download")
    expect(row).to_contain_text("조건에 동의하고 hf auth login을 실행하십시오.")
    expect(row.get_by_role("link")).to_have_attribute("href", f"{gallery.hub.url}/me/gated")
    # Once the terms are accepted the same row goes on.
    gallery.hub.gated.clear()
    press(row, "다시 시도")
    expect(card(page, "me/gated").get_by_role("button", name="이 모델 쓰기")).to_be_visible()


def ask_for_heavy(page: Page) -> Locator:
    """Its row, a moment after the download was asked for. It is on the list."""
    press(card(page, "me/heavy"), "내려받기")
    return page.locator("#downloads .download")


def arrives(page: Page, row: Locator) -> None:
    """The same row goes on when what was wrong is over."""
    press(row, "다시 시도")
    expect(card(page, "me/heavy").get_by_role("button", name="이 모델 쓰기")).to_be_visible(timeout=20_000)
    expect(page.locator("#downloads h2")).to_have_count(0)


def test_without_a_connection(page: Page, gallery: Gallery) -> None:
    add(page, "me/heavy")
    expect(card(page, "me/heavy")).to_be_visible()
    gallery.hub.hangs_up = True
    row = ask_for_heavy(page)
    expect(row).to_contain_text(f"{gallery.hub.url}에 연결할 수 없어")
    expect(row).to_contain_text("인터넷 연결을 확인하고 다시 시도하십시오.")
    # What is here goes on answering.
    page.click("#go-chat")
    send(page, "안녕하십니까?")
    expect(page.locator(REPLIES)).to_be_visible(timeout=LOADING_MS)
    finished(page)
    page.click("#go-models")
    gallery.hub.hangs_up = False
    arrives(page, row)


def test_a_hub_that_is_busy_is_waited_for_or_says_when_to_come_back(page: Page, gallery: Gallery) -> None:
    add(page, "me/heavy")
    expect(card(page, "me/heavy")).to_be_visible()
    gallery.hub.content_failures = [(429, {"Retry-After": "3"})]
    row = ask_for_heavy(page)
    expect(row).to_contain_text("초 뒤에 다시 시도합니다")
    expect(card(page, "me/heavy").get_by_role("button", name="이 모델 쓰기")).to_be_visible(timeout=20_000)
    # Longer than anybody would look on.
    gallery.hub.offer("me/other", gallery.hub.repos["me/heavy"], parameters=700_000, license="apache-2.0")
    add(page, "me/other")
    other = card(page, "me/other")
    expect(other).to_be_visible()
    gallery.hub.content_failures = [(429, {"Retry-After": "1200"})]
    press(other, "내려받기")
    expect(row).to_contain_text("요청이 너무 많아")
    expect(row).to_contain_text("20분 뒤에 다시 시도하십시오.")
    press(row, "다시 시도")
    expect(other.get_by_role("button", name="이 모델 쓰기")).to_be_visible(timeout=20_000)


def test_a_file_that_is_not_what_it_should_be_is_never_used(page: Page, gallery: Gallery) -> None:
    add(page, "me/heavy")
    expect(card(page, "me/heavy")).to_be_visible()
    gallery.hub.replaced["model.safetensors"] = PADDING[:-1] + b"!"
    row = ask_for_heavy(page)
    expect(row).to_contain_text("model.safetensors 파일이 체크섬과 맞지 않아 지웠습니다.")
    expect(card(page, "me/heavy").get_by_role("button", name="이 모델 쓰기")).to_have_count(0)
    assert not list(gallery.cache.rglob("model.safetensors*"))
    gallery.hub.replaced.clear()
    arrives(page, row)


@pytest.fixture
def small_disk(gallery: Gallery) -> Iterator[Path]:
    """The folder of models is a disk of 2 MB."""
    gallery.cache.mkdir(parents=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(gallery.cache)], check=False, capture_output=True)
    if done.returncode != 0:
        pytest.skip("mounting a tmpfs takes rights that are not here")
    yield gallery.cache
    subprocess.run(["umount", "-l", str(gallery.cache)], check=True)


def test_a_full_disk(small_disk: Path, page: Page, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    add(page, "me/heavy")
    row = ask_for_heavy(page)
    # Said before, and by whoever wants it all the same.
    box = page.locator("[popover]:popover-open")
    expect(box).to_contain_text("디스크에 1.0 GB가 필요한데 2 MB만 비어 있습니다.")
    press(box, "그래도 내려받기")
    expect(row).to_contain_text("자리를 비우고 다시 시도하십시오.")
    assert "model.safetensors" not in dict(gallery.hub.got)
    # Somebody else takes the room after the check.
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10**12))
    press(row, "다시 시도")
    expect(row).to_contain_text("받는 중에 디스크가 가득 찼습니다")
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    gallery.hub.requests.clear()
    arrives(page, row)
    # It went on where the disk had ended.
    assert next(first for name, first in gallery.hub.got if name == "model.safetensors") > 1_000_000


def test_a_copy_in_four_bits_and_the_way_back_from_sixteen(page: Page, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solar_chat.hardware.SMALL_FLOAT32_BYTES", 0)
    monkeypatch.setattr("solar_chat.engine.weights.LEAST_SAVED_PARAMETERS", 0)
    add(page, "me/tiny")
    press(card(page, "me/tiny"), "내려받기")
    press(page.locator("[popover]:popover-open"), "상업적으로 쓰지 않고 내려받기")
    press(card(page, "me/tiny"), "이 모델 쓰기")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · tiny · CPU", timeout=LOADING_MS)
    copy = gallery.assistant.quantized_copy("me/tiny")
    assert copy is not None
    press(card(page, "me/tiny"), "16비트 파일 지우기")
    box = page.locator("[popover]:popover-open")
    expect(box).to_contain_text("16비트 파일이 없어도 이 모델을 쓸 수 있습니다.")
    press(box, "16비트 파일 지우기")
    expect(card(page, "me/tiny").get_by_role("button", name="16비트 파일 지우기")).to_have_count(0)
    assert not (gallery.cache / "me--tiny" / "model.safetensors").exists()
    # It is talked to from its four bits, and nothing is fetched for it again.
    gallery.assistant.start_loading("starter")
    gallery.assistant.wait_ready()
    gallery.hub.requests.clear()
    page.reload()
    press(card(page, "me/tiny"), "이 모델 쓰기")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · tiny · CPU", timeout=LOADING_MS)
    gallery.assistant.settings.update(guard="off", max_reply_tokens=16)
    page.click("#go-chat")
    send(page, "안녕하십니까?")
    expect(page.locator(REPLIES)).to_be_visible(timeout=LOADING_MS)
    finished(page)
    assert gallery.hub.got == []


def test_removing_says_what_it_frees_and_asks(page: Page, gallery: Gallery) -> None:
    gallery.assistant.start_download("me/heavy").wait(30)
    page.reload()
    press(card(page, "me/heavy"), "지우기")
    box = page.locator("[popover]:popover-open")
    expect(box).to_contain_text("디스크 3 MB가 빕니다.")
    press(box, "지우기")
    expect(card(page, "me/heavy")).to_have_count(0)
    assert not (gallery.cache / "me--heavy").exists()


def test_names_that_mean_nothing_are_told_beside_the_field(page: Page, gallery: Gallery, tmp_path: Path) -> None:
    problem = page.locator("#model-problem")
    for name, said in [
        ("아무것도", '"아무것도"이라는 모델은 없습니다.'),
        ("nobody/nothing", "Hugging Face에 nobody/nothing 모델이 없거나"),
        (str(tmp_path / "없음"), "폴더가 없습니다."),
        (str(tmp_path / "없음.gguf"), "없음.gguf 파일이 없습니다."),
        (str(tmp_path), "config.json 파일이 없습니다."),
    ]:
        add(page, name)
        expect(problem).to_contain_text(said)
    assert not gallery.assistant.home.added.exists()


def test_a_folder_is_added_used_lost_and_taken_off(page: Page, gallery: Gallery, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "내 모델"
    shutil.copytree(tiny, folder)
    add(page, str(folder))
    mine = card(page, str(folder))
    expect(page.locator("#model-problem")).to_contain_text("내 모델을 목록에 추가했습니다.")
    press(mine, "이 모델 쓰기")
    expect(page.locator("#status")).to_have_text("준비됐습니다 · 내 모델 · CPU", timeout=LOADING_MS)
    # A load that fails leaves somebody to talk to, and says why.
    (folder / "model.safetensors").write_bytes(b"broken")
    gallery.assistant.start_loading("starter")
    gallery.assistant.wait_ready()
    page.reload()
    press(card(page, str(folder)), "이 모델 쓰기")
    expect(page.locator("#status")).to_contain_text("지금은 다른 모델로 답변합니다.", timeout=LOADING_MS)
    expect(page.locator("#status .failed")).to_be_visible()
    shutil.rmtree(folder)
    page.reload()
    expect(card(page, str(folder))).to_contain_text("폴더가 없습니다.")
    press(card(page, str(folder)), "목록에서 빼기")
    expect(card(page, str(folder))).to_have_count(0)


def test_a_server_with_a_key(page: Page, gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Memory()
    monkeypatch.setattr(keyring, "get_keyring", lambda: chain)
    server = OpenAIServer(says("네, ", "서버에서 답합니다."))
    try:
        page.locator("#server-kind").get_by_text("다른 주소").click()
        page.locator("#server-address input, #server-address textarea").fill("여기")
        page.click("#server-list")
        expect(page.locator("#server-problem")).to_contain_text("서버 주소가 아닙니다.")
        page.locator("#server-address input, #server-address textarea").fill(server.url)
        page.keyboard.press("Tab")
        expect(page.locator("#server-facts")).to_contain_text("이 컴퓨터 밖으로 나가지 않습니다.")
        expect(page.locator("#server-facts")).to_contain_text("저장한 키가 없습니다.")
        field = page.locator("#server-key input")
        assert field.get_attribute("type") == "password"
        field.fill(SECRET)
        page.click("#server-key-save")
        expect(page.locator("#server-facts")).to_contain_text("이 서버의 키가 시스템 키체인에 저장되어 있습니다.")
        expect(field).to_have_value("")
        assert list(chain.entries.values()) == [SECRET]
        page.click("#server-list")
        expect(page.locator("#server-problem")).to_contain_text("서버의 모델 1개를 불러왔습니다.")
        expect(page.locator("#server-model input")).to_have_value("test-model")
        assert server.listed[-1].headers["authorization"] == f"Bearer {SECRET}"
        page.click("#server-use")
        expect(page.locator("#status")).to_contain_text("test-model", timeout=LOADING_MS)
        page.click("#go-chat")
        send(page, "누구십니까?")
        expect(page.locator(REPLIES)).to_contain_text("서버에서 답합니다.", timeout=LOADING_MS)
        finished(page)
        page.click("#go-models")
        page.click("#server-key-forget")
        expect(page.locator("#server-facts")).to_contain_text("저장한 키가 없습니다.")
        assert chain.entries == {}
        # Nothing of the key is in the page, the settings or the list of models.
        assert SECRET not in page.content()
        kept = gallery.assistant.home.settings.read_text() + gallery.assistant.home.added.read_text()
        assert SECRET not in kept
        assert json.loads(gallery.assistant.home.settings.read_text())["model"] == f"remote:{server.url}#test-model"
    finally:
        server.shutdown()
        server.server_close()


def test_nothing_is_asked_while_nothing_moves(page: Page, gallery: Gallery) -> None:
    expect(page.locator("#status .ready")).to_be_visible()
    page.wait_for_timeout(1500)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(3000)
    assert [url for url in asked if "heartbeat" not in url] == []


def test_another_language_and_the_way_from_the_settings(page: Page, gallery: Gallery) -> None:
    page.click("#go-chat")
    page.click("#open-settings")
    expect(page.locator("#model-in-use")).to_contain_text("Solar Starter")
    page.locator("#interface-language").get_by_text("English").click()
    expect(page.locator("#new-conversation")).to_have_text("New conversation")
    page.click("#to-models")
    expect(card(page, "starter")).to_contain_text("In use")
    expect(card(page, "upstage/SOLAR-10.7B-Instruct-v1.0")).to_contain_text("Not for commercial use (CC-BY-NC-4.0).")
    expect(page.locator("#settings.open")).to_have_count(0)
    assert eventually(lambda: gallery.assistant.settings.load().interface_language == "en")
    page.reload()
    expect(card(page, "starter")).to_contain_text("In use")
    expect(page.locator(SEND)).to_be_hidden()
    assert page.input_value(BOX) == ""
    ready_in_chat(page)


def ready_in_chat(page: Page) -> None:
    page.click("#go-chat")
    ready(page)
