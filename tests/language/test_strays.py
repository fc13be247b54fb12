"""What counts as the wrong language or script in a reply, and everything that does not."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solar_chat.language.identification.strays import Expected

ENGLISH = "You can find it in the settings."
KOREAN = "설정에서 찾을 수 있습니다."


@pytest.mark.parametrize(
    ("language", "text", "standing"),
    [
        ("ko", ENGLISH, "language"),
        ("ko", "Sure! Here is how you do it.", "language"),
        ("ko", "Le chat est dans la cuisine et il dort depuis ce matin.", "language"),
        ("ko", KOREAN, "right"),
        ("ko", "REST API는 HTTP를 씁니다.", "right"),
        ("ko", "네.", "right"),
        ("ko", "The word 눈치 is hard to put into English, because it is a sense.", "language"),
        ("ko", "OK!", "open"),
        ("ko", "Kim Namjoon, Kim Seokjin, Min Yoongi.", "open"),
        ("ko", "```python\nprint('this is not the reply')\n```\n", "neutral"),
        ("ko", "`git push origin main`\n", "neutral"),
        ("ko", "- apple\n", "neutral"),
        ("ko", "42", "neutral"),
        ("ko", "😀\n", "neutral"),
        ("en", KOREAN, "language"),
        ("en", "이 error는 설정 때문에 나옵니다.", "language"),
        ("en", ENGLISH, "right"),
        ("en", "The word 눈치 means that you can read a room.", "right"),
        ("en", "네!", "open"),
        ("en", "3.5", "neutral"),
    ],
)
def test_the_beginning_of_a_reply(language: str, text: str, standing: str) -> None:
    expected = Expected.after(language, "배고파" if language == "ko" else "I am hungry")  # type: ignore[arg-type]  # written out above
    assert expected.opening(text) == standing


@pytest.mark.parametrize(
    ("language", "message", "reply"),
    [
        ("ko", "영어로 번역해 줘: 어디서 찾아?", ENGLISH),
        ("ko", "이 문장 번역 좀: 설정에서 찾을 수 있어", ENGLISH),
        ("ko", "이 메일 좀 고쳐 줘: I has a pen and you can found it", ENGLISH),
        ("ko", '"어디 있어?"를 영어로 뭐라고 해?', ENGLISH),
        ("en", "How do you say that in Korean?", KOREAN),
        ("en", "Translate: you can find it in the settings", KOREAN),
        ("en", "Please correct this for me: 설정에서 찾을수 있읍니다", KOREAN),
    ],
)
def test_where_the_other_language_was_asked_for_it_is_no_stray(language: str, message: str, reply: str) -> None:
    assert Expected.after(language, message).strays(reply) is None  # type: ignore[arg-type]  # written out above


@pytest.mark.parametrize(
    ("language", "message", "reply"),
    [
        ("ko", "Please answer in Korean: where can I find the settings of this app?", ENGLISH),
        ("ko", "이 error 좀 fix해줘", ENGLISH),
        ("en", "영어로 답해 줘. 설정은 어디에 있어?", KOREAN),
        ("en", "What does 눈치 mean?", KOREAN),
    ],
)
def test_an_explicit_request_for_this_language_does_not_excuse_the_other(language: str, message: str, reply: str) -> None:
    assert Expected.after(language, message).strays(reply) == "language"  # type: ignore[arg-type]  # written out above


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize(
    ("text", "stray"),
    [
        ("설정을 確認하십시오.", True),
        ("설정을 すぐに 확인하십시오.", True),
        ("설정을 проверьте 확인하십시오.", True),
        ("You can find it in the 设置.", True),
        ("사과(沙果)는 과일입니다.", False),
        ("사면초가 (四面楚歌)라는 말이 있습니다.", False),
        ("美 대통령이 말했습니다.", False),
        ("¯\\_(ツ)_/¯ 모르겠습니다.", False),
        ("`print('你好')`를 실행하십시오.", False),
        ("그 책의 제목은 “三國志演義”라고 적혀 있습니다.", False),
        ("각도는 θ이고 α와 β를 더합니다.", False),
        ("café에서 만납시다.", False),
        ("첫째, ① 확인 ② 저장합니다 😀👨‍👩‍👧", False),
    ],
)
def test_bursts_of_another_script(language: str, text: str, stray: bool) -> None:
    assert Expected(language).strays_in_script(text) is stray  # type: ignore[arg-type]  # written out above


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ("你好가 무슨 뜻이야?", "你好는 안녕이라는 뜻입니다."),
        ("일본어로 인사해 줘", "こんにちは라고 합니다."),
        ("내 이름을 한자로 써 줘", "金哲秀라고 씁니다."),
        ("How do I greet somebody in Russian?", "You say здравствуйте."),
        ("세계 각국의 인사말을 알려 줘", "你好, こんにちは, привет이 있습니다."),
    ],
)
def test_a_script_that_was_used_or_asked_about_is_welcome(message: str, reply: str) -> None:
    assert not Expected.after("ko", message).strays_in_script(reply)
    assert not Expected.after("ko", "고마워", [message]).strays_in_script(reply)
    assert Expected.after("ko", "고마워").strays_in_script(reply)


@pytest.mark.parametrize("text", ["a" * 200_000, "a, " * 60_000, "가" * 200_000, "(漢" * 60_000, "漢" * 200_000, "a' " * 60_000])
def test_a_pasted_book_takes_no_time(text: str) -> None:
    started = time.process_time()
    Expected.after("ko", text, [text])
    Expected("ko").strays_in_script(text)
    assert time.process_time() - started < 2


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_has_a_standing(message: str, reply: str) -> None:
    for language in ("ko", "en"):
        assert Expected.after(language, message).opening(reply) in {"right", "neutral", "open", "language", "script"}
