"""The guard through a whole turn: what the model is asked again, what a door sees, what the answer says about it."""

from __future__ import annotations

import json
import threading

import pytest

from solar_chat.assistant import Answer, Assistant, Draft, Reading, Saved, TurnEvent
from solar_chat.engine import ScriptedBackend
from solar_chat.errors import InputError, ModelError
from solar_chat.language import LEVELS, Level, complies
from solar_chat.prompts import TEMPLATES, firmer, firmly, system_prompt

FIRST = ["문이", " 열려", " 있습니다."]
# Foreign script is what no rewriter mends, whatever it learns about endings.
SLIP = [" 어서", " 入場하십시오."]
GOOD = [" 어서", " 오십시오."]
THIRD = [" 따뜻하게", " 입으십시오."]
SOON_S = 5.0


def told(assistant: Assistant, text: str, **options: object) -> tuple[list[TurnEvent], Answer]:
    events = list(assistant.turn(assistant.request(text, **options)).stream())  # type: ignore[arg-type]  # the options of the test at hand
    last = events[-1]
    assert isinstance(last, Answer)
    return events, last


def enqueue(backend: ScriptedBackend, *scripts: list[str]) -> None:
    for script in scripts:
        backend.enqueue(script)


def test_a_sentence_is_written_again_behind_what_is_settled(assistant: Assistant, backend: ScriptedBackend) -> None:
    enqueue(backend, [*FIRST, *SLIP, " 남은"], [*GOOD, " 더"], THIRD)
    events, answer = told(assistant, "들어가도 돼?")
    assert answer.reply == "문이 열려 있습니다. 어서 오십시오. 따뜻하게 입으십시오."
    sentence = answer.sentences[1]
    assert (sentence.text, sentence.repaired, sentence.how, sentence.original) == ("어서 오십시오.", True, "regenerated", "어서 入場하십시오.")
    prompt = backend.requests[0].prompt
    assert [request.prompt for request in backend.requests[1:]] == [f"{prompt}문이 열려 있습니다.", f"{prompt}문이 열려 있습니다. 어서 오십시오."]
    # Reading is said once: what follows is shown as a draft.
    first_draft = next(index for index, event in enumerate(events) if isinstance(event, Draft))
    assert not any(isinstance(event, Reading) for event in events[first_draft:])
    assert (answer.restarted, answer.finish, answer.reply_tokens) == (False, "stop", 7)
    assert answer.prompt_tokens == len(prompt.split())


@pytest.mark.parametrize(("temperature", "seed"), [(0.0, None), (0.3, None), (0.3, 7), (1.5, 7), (0.0, 2**32 - 1)])
def test_it_is_drawn_otherwise_and_the_rest_as_it_was_set(
    assistant: Assistant, backend: ScriptedBackend, temperature: float, seed: int | None
) -> None:
    assistant.settings.update(temperature=temperature, seed=seed)
    enqueue(backend, [*FIRST, *SLIP, " 남은"], [*SLIP, " 더"], [*GOOD, " 더"], THIRD)
    told(assistant, "들어가도 돼?")
    before, first, second, after = [request.sampling for request in backend.requests]
    assert before == after
    assert before.temperature < first.temperature < second.temperature
    assert first.temperature >= 0.5
    if seed is None and temperature:
        assert first.seed is second.seed is None
    else:
        assert len({before.seed, first.seed, second.seed}) == 3
        assert all(drawn is not None and 0 <= drawn < 2**32 for drawn in (first.seed, second.seed))


def test_two_failures_keep_the_first_wording_and_mark_it(assistant: Assistant, backend: ScriptedBackend) -> None:
    enqueue(backend, [*FIRST, *SLIP, " 남은"], [*SLIP, " 더"], [], THIRD)
    _, answer = told(assistant, "들어가도 돼?")
    assert answer.reply == "문이 열려 있습니다. 어서 入場하십시오. 따뜻하게 입으십시오."
    assert [(s.slipped, s.reason, s.how) for s in answer.sentences] == [(False, None, None), (True, "script", None), (False, None, None)]
    assert len(backend.requests) == 4


def test_the_answer_is_json_and_says_it_all(assistant: Assistant, backend: ScriptedBackend) -> None:
    enqueue(backend, [*FIRST, *SLIP, " 남은"], [*GOOD, " 더"], THIRD)
    _, answer = told(assistant, "들어가도 돼?")
    stored = json.loads(json.dumps(answer.as_dict()))
    assert stored["restarted"] is False
    assert stored["sentences"][1] == {
        "text": "어서 오십시오.", "level": "formal", "repaired": True, "original": "어서 入場하십시오.", "slipped": False,
        "how": "regenerated", "reason": None,
    }  # fmt: skip


class TestBeginning:
    def test_the_wrong_language_begins_anew_with_a_firmer_word(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        enqueue(backend, ["You", " can", " find", " it", " in", " the", " settings.", " So"], FIRST)
        events, answer = told(assistant, "어디에 있어?")
        assert (answer.reply, answer.restarted, answer.language) == ("문이 열려 있습니다.", True, "ko")
        first, second = (request.prompt for request in backend.requests)
        system = system_prompt("ko", "formal")
        assert second == first.replace(system, f"{system} {firmer('ko', 'formal')}")
        drafts = [event for event in events if isinstance(event, Draft)]
        turning = next(index for index, draft in enumerate(drafts) if not draft.text.startswith("You"))
        assert all(draft.settled == 0 for draft in drafts[:turning])
        assert drafts[turning].text == "문이"
        reads = [index for index, event in enumerate(events) if isinstance(event, Reading)]
        assert len(reads) == 4

    def test_a_sentence_written_again_after_that_has_the_firmer_prompt(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        enqueue(backend, ["You can find it in the settings.", " So"], [*FIRST, *SLIP, " 남은"], [*GOOD, " 더"], THIRD)
        _, answer = told(assistant, "어디에 있어?")
        assert answer.reply == "문이 열려 있습니다. 어서 오십시오. 따뜻하게 입으십시오."
        firm = backend.requests[1].prompt
        assert [request.prompt for request in backend.requests[2:]] == [f"{firm}문이 열려 있습니다.", f"{firm}문이 열려 있습니다. 어서 오십시오."]

    def test_twice_wrong_is_kept_and_marked(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        enqueue(backend, ["You can find it in the settings."], ["It is right there in the menu."])
        _, answer = told(assistant, "어디에 있어?")
        assert (answer.reply, answer.restarted) == ("It is right there in the menu.", True)
        assert [(s.slipped, s.reason) for s in answer.sentences] == [(True, "language")]

    def test_korean_where_english_is_asked(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        enqueue(backend, FIRST, ["The", " door", " is", " open."])
        _, answer = told(assistant, "May I come in now?")
        assert (answer.reply, answer.restarted, answer.language) == ("The door is open.", True, "en")
        assert firmer("en", "formal") in backend.requests[1].prompt

    @pytest.mark.parametrize(
        ("question", "reply"),
        [
            ("영어로 번역해 줘: 문이 열려 있어", "The door is open and you may come in."),
            ("파이썬으로 hello world 써 줘", "```python\nprint('this is the whole thing')\n```"),
            ("과일 이름 다섯 개", "- apple\n- banana\n- cherry\n"),
            ("What is the door?", "The door (문) is open."),
            ("사과가 뭐야?", "사과(沙果)는 과일입니다."),
        ],
    )
    def test_what_is_not_wrong_is_asked_once(self, assistant: Assistant, backend: ScriptedBackend, question: str, reply: str) -> None:
        enqueue(backend, [reply])
        _, answer = told(assistant, question)
        assert (answer.reply, answer.restarted) == (reply.strip(), False)
        assert not any(sentence.slipped or sentence.repaired for sentence in answer.sentences)

    @pytest.mark.parametrize("level", LEVELS)
    @pytest.mark.parametrize("template", sorted(TEMPLATES))
    def test_where_the_firmer_word_stands(self, template: str, level: Level) -> None:
        more = firmer("ko", level)
        system, question = firmly(template, "SYSTEM", "QUESTION", "ko", level)
        if template in ("starter", "chatml", "server"):
            assert (system, question) == (f"SYSTEM {more}", "QUESTION")
        else:
            assert (system, question) == ("SYSTEM", f"QUESTION\n\n{more}")
        # Written in the level that it asks for.
        assert complies(more, level)

    def test_no_room_for_the_firmer_word_is_no_reason_to_fail(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        enqueue(backend, ["You can find it in the settings."], FIRST)
        # The longest message that fits: what is left beside it is less than the firmer sentence.
        with pytest.raises(InputError) as refused:
            assistant.turn(assistant.request("말을 " * 1000))
        tokens, context = refused.value.params["tokens"], refused.value.params["context"]
        assert isinstance(tokens, int)
        assert isinstance(context, int)
        _, answer = told(assistant, "말을 " * (context - (tokens - 1000)))
        assert answer.reply == "문이 열려 있습니다."
        assert backend.requests[1].prompt == backend.requests[0].prompt


@pytest.mark.parametrize("mode", ["mark", "off"])
def test_mark_and_off_ask_once(assistant: Assistant, backend: ScriptedBackend, mode: str) -> None:
    assistant.settings.update(guard=mode)
    enqueue(backend, [*FIRST, *SLIP, *THIRD])
    _, answer = told(assistant, "들어가도 돼?")
    assert answer.reply == "문이 열려 있습니다. 어서 入場하십시오. 따뜻하게 입으십시오."
    assert [sentence.slipped for sentence in answer.sentences] == [False, mode == "mark", False]


def test_the_limit_of_tokens_holds_over_all_of_it(assistant: Assistant, backend: ScriptedBackend) -> None:
    assistant.settings.update(max_reply_tokens=16)
    enqueue(backend, [*FIRST, *SLIP, " 남은"], [*GOOD, " 더"], [" 더"] * 50)
    _, answer = told(assistant, "들어가도 돼?")
    assert (answer.reply_tokens, answer.finish) == (16, "length")
    assert len(answer.reply.split()) == 16


class TestStop:
    def stopped_at(self, assistant: Assistant, conversation: str, when: str) -> None:
        events = assistant.send(conversation, "들어가도 돼?")
        for event in events:
            if isinstance(event, Draft) and event.text.endswith(when):
                break
        events.close()

    @pytest.mark.parametrize(
        ("when", "kept"),
        [
            ("入場하십시오. 남은", "문이 열려 있습니다. 어서 入場하십시오. 남은"),
            (" 다시", "문이 열려 있습니다. 어서 入場하십시오."),
            (" 또", "문이 열려 있습니다. 어서 入場하십시오."),
            (" 입으십시오.", "문이 열려 있습니다. 어서 入場하십시오. 따뜻하게 입으십시오."),
        ],
    )
    def test_while_a_sentence_is_written_again(self, assistant: Assistant, backend: ScriptedBackend, when: str, kept: str) -> None:
        conversation = assistant.store.create().id
        backend.enqueue([*FIRST, *SLIP, " 남은"])
        backend.enqueue([" 다시", *SLIP, " 더"], delay_s=0.01)
        backend.enqueue([" 또", *SLIP, " 더"], delay_s=0.01)
        backend.enqueue([*THIRD, *[" 더"] * 1000], delay_s=0.01)
        self.stopped_at(assistant, conversation, when)
        reply = assistant.store.path(conversation)[-1]
        assert (reply.status, reply.content) == ("stopped", kept)
        # The model is free again at once.
        backend._scripts.clear()
        backend.enqueue(["네."])
        *_, saved = assistant.send(conversation, "고마워")
        assert isinstance(saved, Saved)
        assert saved.message.content == "네."

    def test_while_the_reply_begins_anew(self, assistant: Assistant, backend: ScriptedBackend) -> None:
        conversation = assistant.store.create().id
        backend.enqueue(["You can find it in the settings.", " So"])
        backend.enqueue(["문이", " 더", " 더"], delay_s=0.05)
        readings = 0
        events = assistant.send(conversation, "어디에 있어?")
        for event in events:
            readings += isinstance(event, Reading)
            if readings == 4:
                break
        events.close()
        reply = assistant.store.path(conversation)[-1]
        assert (reply.status, reply.content) == ("stopped", "You can find it in the settings. So")
        assert reply.meta["sentences"][0]["reason"] == "language"  # type: ignore[index]  # a list of objects, as stored


def test_a_failure_while_a_sentence_is_written_again_keeps_the_first_wording(assistant: Assistant, backend: ScriptedBackend) -> None:
    conversation = assistant.store.create().id
    backend.enqueue([*FIRST, *SLIP, " 남은"])
    backend.enqueue([" 어서"], error=ModelError("generation_failed", model="scripted", reason="x"))
    with pytest.raises(ModelError):
        list(assistant.send(conversation, "들어가도 돼?"))
    reply = assistant.store.path(conversation)[-1]
    assert (reply.status, reply.content) == ("failed", "문이 열려 있습니다. 어서 入場하십시오.")


def test_two_callers_and_neither_loses_its_place(assistant: Assistant, backend: ScriptedBackend) -> None:
    backend.enqueue([*FIRST, *SLIP, " 남은"], delay_s=0.02)
    enqueue(backend, [*GOOD, " 더"], THIRD, ["둘째입니다."])
    first = assistant.turn(assistant.request("들어가도 돼?")).stream()
    while not isinstance(next(first), Draft):
        pass
    outcome: list[Answer] = []
    other = threading.Thread(target=lambda: outcome.append(told(assistant, "나도 들어가도 돼?")[1]))
    other.start()
    *_, answer = first
    other.join(SOON_S)
    assert isinstance(answer, Answer)
    assert answer.reply == "문이 열려 있습니다. 어서 오십시오. 따뜻하게 입으십시오."
    assert outcome[0].reply == "둘째입니다."
    assert ["나도" in request.prompt for request in backend.requests] == [False, False, False, True]
