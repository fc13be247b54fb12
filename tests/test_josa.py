"""Particles after any word."""

from __future__ import annotations

import pytest

from solar_chat.josa import josa


@pytest.mark.parametrize(
    ("word", "particle", "expected"),
    [
        ("사과", "을", "를"), ("책", "를", "을"), ("책", "가", "이"), ("나무", "은", "는"), ("물", "와", "과"), ("물", "으로", "로"),
        ("집", "로", "으로"), ("학교", "으로", "로"), ("의자", "이에요", "예요"), ("학생", "예요", "이에요"), ("1", "을", "을"),
        ("2", "을", "를"), ("3", "으로", "으로"), ("7", "으로", "로"), ("10", "이", "이"), ("100%", "을", "를"), ("API", "을", "를"),
        ("URL", "을", "을"), ("URL", "으로", "로"), ("LLM", "이", "이"), ("SOLAR", "은", "는"), ("Gradio", "을", "를"),
        ("Python", "은", "은"), ("Google", "을", "을"), ("app", "을", "을"), ("React", "는", "는"), ("ChatGPT", "가", "가"),
        ("`solar`", "을", "를"), ("모델(GGUF)", "을", "을"), ("", "을", "를"), ("😀", "은", "는"), ("문서", "만", "만"),
        ("파일", "도", "도"), ("EXAONE", "은", "은"), ("Hub", "을", "을"), ("model", "을", "을"),
    ],
)  # fmt: skip
def test_shape(word: str, particle: str, expected: str) -> None:
    assert josa(word, particle) == expected
