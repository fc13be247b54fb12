"""The rules that judge a reply, on replies made up to break each of them; and the shipped model on a handful of them."""

from __future__ import annotations

import pytest

from recipes.starter.evaluate import Judged, Prompt, StarterSpec, ask, judge, recommended_sampling, summary
from solar_chat.engine import Finished, FinishReason, load_model
from solar_chat.hardware import detect
from solar_chat.levels import LEVELS, Level
from solar_chat.messages import Message
from solar_chat.paths import STARTER_MODEL
from solar_chat.prompts import ReplyLanguage, system_prompt


def _judged(reply: str, level: Level | None = "formal", language: ReplyLanguage = "ko", reason: FinishReason = "stop") -> Judged:
    return judge(Prompt("p", "own", "?", language, level), reply, Finished(reason, 10, 20, 1.0))


@pytest.mark.parametrize(
    ("level", "reply"),
    [
        ("formal", "설정을 확인하십시오. 그러면 해결됩니다."),
        ("polite", "설정을 확인해 보세요. 그러면 해결돼요."),
        ("casual", "설정 한번 확인해 봐. 그럼 해결될 거야."),
        ("plain", "설정을 확인한다. 그러면 해결된다."),
    ],
)
def test_each_level_is_recognised_as_itself_only(level: Level, reply: str) -> None:
    assert _judged(reply, level).exact_level
    others: list[Level] = [other for other in ("formal", "polite", "casual", "plain") if other != level]
    assert not any(_judged(reply, other).exact_level for other in others)


def test_one_slip_in_a_reply_counts() -> None:
    assert not _judged("설정을 확인하십시오. 그러면 해결돼.").exact_level


def test_language() -> None:
    assert _judged("한국어에는 EEVE-Korean-Instruct-10.8B를 권합니다.").right_language
    assert not _judged("Open Settings and press Load.").right_language
    assert _judged("There are four speech levels: 합쇼체, 해요체, 반말 and 해라체.", None, "en").right_language
    assert not _judged("안녕하세요.", None, "en").right_language
    assert not _judged("").right_language


def test_loops_ends_and_scripts() -> None:
    assert _judged("나는 너를 아주 많이 " * 4).looping
    assert not _judged("나는 너를 아주 많이 " * 3).looping
    assert not _judged("반갑습니다.", reason="length").ended
    assert _judged("반갑습니다 你好.").foreign_script
    assert not _judged("반갑습니다, `python app.py` 100%!").foreign_script


def test_summary_counts_levels_over_korean_replies_only() -> None:
    table = summary([_judged("반갑습니다."), _judged("반가워요."), _judged("Hello!", None, "en")], seconds=2.0, load_seconds=0.5)
    assert (table["prompts"], table["korean_prompts"]) == (3, 2)
    assert table["level_exact_percent"] == table["level_exact_formal_percent"] == 50.0
    assert table["right_language_percent"] == 100.0
    assert table["tokens_per_second"] == 30.0


def test_the_shipped_model_keeps_language_and_level() -> None:
    backend = load_model(StarterSpec("starter", STARTER_MODEL), detect())
    sampling = recommended_sampling(STARTER_MODEL, seed=0)
    for level in LEVELS:
        prompt = Prompt("p", "own", "말투는 어디서 바꿔?", "ko", level)
        judged = judge(prompt, *ask(backend, [Message("system", system_prompt("ko", level)), Message("user", prompt.prompt)], sampling))
        assert judged.exact_level, judged.reply
        assert judged.ended
        assert "단추" in judged.reply
    reply, _ = ask(backend, [Message("system", system_prompt("en", "formal")), Message("user", "where are my chats stored")], sampling)
    assert "SQLite" in reply
    assert sum(path.stat().st_size for path in STARTER_MODEL.iterdir()) < 30_000_000
