"""A reply of a server, over real HTTP: what vLLM, Ollama, SGLang and Upstage answer, and what is sent to them."""

from __future__ import annotations

import json

import pytest

from solar_chat.engine import GenerationRequest, Prefilled, Sampling, TextPiece
from solar_chat.engine.dialects import UPSTAGE
from solar_chat.engine.endpoint import Endpoint
from solar_chat.engine.remote import RemoteBackend
from solar_chat.messages import Message
from tests.engine.openai_server import MODEL, Answer, chunk, refuses, says, usage
from tests.engine.remote_run import ASKED, END, Start, fails, last, run, text_of

TEXT = "안녕하세요, 오늘은 날씨가 좋네요! 힣 😀 👩‍💻 👍🏽 뷁 done."


class TestWhatIsSaid:
    @pytest.mark.parametrize("size", [1, 2, 5, 1000])
    def test_characters_that_arrive_in_pieces(self, start: Start, size: int) -> None:
        def script(answer: Answer) -> None:
            answer.begin()
            events = [chunk(TEXT[:9]), chunk(TEXT[9:]), *END]
            stream = b"".join(b": keep-alive\r\n\r\ndata: " + json.dumps(event, ensure_ascii=False).encode() + b"\r\n\r\n" for event in events)
            for at in range(0, len(stream), size):
                answer.send(stream[at : at + size])
            answer.event(b"[DONE]")
            answer.end()

        backend, _ = start(script)
        events = run(backend)
        assert text_of(events) == TEXT
        assert all("\ufffd" not in event.text for event in events if isinstance(event, TextPiece))

    def test_halves_of_a_character_in_two_escapes(self, start: Start) -> None:
        halves = [json.dumps(chunk(text)).encode() for text in ("좋네요 \ud83d", "\ude00!")]
        backend, _ = start(says(*halves, *END))
        pieces = [event.text for event in run(backend) if isinstance(event, TextPiece)]
        assert pieces == ["좋네요 ", "😀!"]

    def test_the_counts_are_the_servers(self, start: Start) -> None:
        backend, server = start(says("안녕", "하세요", chunk("", "stop"), usage(31, 7)))
        events = run(backend)
        assert (last(events).prompt_tokens, last(events).reply_tokens, last(events).reason) == (31, 7, "stop")
        assert server.seen[0].body["stream_options"] == {"include_usage": True}

    def test_without_counts_chunks_are_counted(self, start: Start) -> None:
        backend, _ = start(says("안", "녕", "!", chunk(None, "stop")))
        events = run(backend)
        assert (last(events).prompt_tokens, last(events).reply_tokens) == (
            backend.count_tokens("짧게 답하십시오.") + backend.count_tokens("안녕?"),
            3,
        )

    def test_it_may_end_without_done(self, start: Start) -> None:
        backend, _ = start(says("안녕", chunk("", "stop"), done=False))
        assert (text_of(run(backend)), last(run(backend)).reason) == ("안녕", "stop")

    @pytest.mark.parametrize("field", ["reasoning", "reasoning_content"])
    def test_reasoning_is_not_the_reply(self, start: Start, field: str) -> None:
        backend, _ = start(says(chunk(None, **{field: "사용자가 인사를"}), chunk("", **{field: " 했다."}), "안녕하세요.", *END))
        events = run(backend)
        assert text_of(events) == "안녕하세요."
        assert isinstance(events[1], Prefilled)

    def test_a_reply_that_was_all_reasoning(self, start: Start) -> None:
        backend, _ = start(says(chunk(None, reasoning="끝없이"), chunk("", "length"), usage(10, 100)))
        assert fails(backend)[0].key == "only_reasoning"

    @pytest.mark.parametrize(("told", "reason"), [("stop", "stop"), ("length", "length"), ("tool_calls", "stop"), ("eos_token", "stop")])
    def test_why_it_ended(self, start: Start, told: str, reason: str) -> None:
        backend, _ = start(says("안녕", chunk("", told)))
        assert last(run(backend)).reason == reason

    def test_a_filter_is_an_error_behind_what_was_said(self, start: Start) -> None:
        backend, _ = start(says("안녕", chunk("", "content_filter")))
        error, said = fails(backend)
        assert (error.key, said) == ("remote_filtered", "안녕")

    def test_stop_strings_that_the_server_ignores(self, start: Start) -> None:
        backend, server = start(says("하나. #", "## Us", "er: 둘", " 셋", *END))
        request = GenerationRequest("", 100, ("### User:", "a", "b", "c", "d"), messages=ASKED.messages)
        events = run(backend, request)
        assert (text_of(events), last(events).reason) == ("하나. ", "stop")
        assert server.seen[0].body["stop"] == ["### User:", "a", "b", "c"]
        assert text_of(run(backend, ASKED)) == "하나. ### User: 둘 셋"

    def test_what_only_looked_like_a_stop_string_is_said(self, start: Start) -> None:
        backend, _ = start(says("하나 ##", *END))
        assert text_of(run(backend, GenerationRequest("", 100, ("### User:",), messages=ASKED.messages))) == "하나 ##"


def choice(delta: dict[str, object], finish: str | None = None, **beside: object) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish, **beside}]}


COUNTS = {"prompt_tokens": 26, "completion_tokens": 5, "total_tokens": 31}
BARE: dict[str, object] = {"role": None, "content": None, "reasoning_content": None, "tool_calls": None}
# As each server says "안녕 😀": its first chunk, what it puts beside the text, its last chunk and where the counts stand.
TRANSCRIPTS: dict[str, list[object]] = {
    "ollama": [
        {**choice({"role": "assistant", "content": "", "reasoning": "인사"}), "system_fingerprint": "fp_ollama"},
        {**choice({"role": "assistant", "content": "안녕"}), "system_fingerprint": "fp_ollama"},
        {**choice({"role": "assistant", "content": " 😀"}), "system_fingerprint": "fp_ollama"},
        {**choice({"role": "assistant", "content": ""}, "stop"), "system_fingerprint": "fp_ollama"},
        {"choices": [], "usage": COUNTS},
        b"[DONE]",
    ],
    "vllm": [
        {**choice({"role": "assistant", "content": ""}, logprobs=None), "prompt_token_ids": None},
        choice({"reasoning": "인사", "reasoning_content": "인사"}, logprobs=None, token_ids=None),
        choice({"content": "안녕 "}, logprobs=None, token_ids=None),
        choice({"content": "😀"}, "stop", logprobs=None, stop_reason=None),
        {"choices": [], "usage": {**COUNTS, "prompt_tokens_details": None}},
        b"[DONE]",
    ],
    "sglang": [
        {**choice({**BARE, "role": "assistant", "content": ""}, logprobs=None, matched_stop=None), "usage": None},
        {**choice({**BARE, "content": "안녕 😀"}, logprobs=None, matched_stop=None), "usage": None},
        {**choice(BARE, "stop", logprobs=None, matched_stop=2), "usage": None},
        {"choices": [], "usage": COUNTS},
        b"[DONE]",
    ],
    # The counts in the last chunk, and not a word behind it.
    "upstage": [
        choice({"role": "assistant", "content": None, "reasoning": "인사를 받았다."}),
        choice({"content": "안녕 😀"}),
        {**choice({}, "stop"), "usage": {**COUNTS, "completion_tokens_details": {"reasoning_tokens": 3}}},
    ],
    "empty reasons": [choice({"content": "안녕"}, ""), choice({"content": " 😀"}, ""), {**choice({}, "stop"), "usage": COUNTS}],
}


@pytest.mark.parametrize("kind", TRANSCRIPTS)
def test_each_servers_own_way_of_saying_it(start: Start, kind: str) -> None:
    frame = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    backend, _ = start(says(*({**frame, **event} if isinstance(event, dict) else event for event in TRANSCRIPTS[kind]), done=False))
    events = run(backend)
    assert text_of(events) == "안녕 😀"
    assert (last(events).reason, last(events).prompt_tokens, last(events).reply_tokens) == ("stop", 26, 5)


def test_a_reply_is_as_long_as_asked_beside_its_reasoning(start: Start) -> None:
    """A server that is known to reason has room for it, and the words are counted here."""
    _, server = start(says(chunk(None, reasoning="생각"), *["말 "] * 50, chunk("", "stop"), usage(10, 51)), max_model_len=32_768)
    backend = RemoteBackend(Endpoint(server.url), MODEL, name="here", context_tokens=32_768, dialect=UPSTAGE)
    events = run(backend, GenerationRequest("", 20, messages=ASKED.messages))
    assert server.seen[0].body["max_tokens"] == 20 + UPSTAGE.reasoning_tokens
    assert (text_of(events), last(events).reason, last(events).reply_tokens) == ("말 " * 20, "length", 20)
    backend.close()
    narrow = RemoteBackend(Endpoint(server.url), MODEL, name="here", context_tokens=100, dialect=UPSTAGE)
    run(narrow, GenerationRequest("", 60, messages=ASKED.messages))
    prompt_tokens = sum(narrow.count_tokens(message.content) for message in ASKED.messages)
    assert server.seen[1].body["max_tokens"] == 100 - prompt_tokens
    narrow.close()


def test_at_the_limit_the_servers_counts_are_waited_for(start: Start) -> None:
    backend, server = start(says("하나 ", "둘 ", chunk("", "length"), usage(77, 2)))
    events = run(backend, GenerationRequest("", 2, messages=ASKED.messages))
    assert (last(events).reason, last(events).prompt_tokens, server.seen[0].body["max_tokens"]) == ("length", 77, 2)


class TestWhatIsSent:
    def test_messages_and_sampling(self, start: Start) -> None:
        backend, server = start(says("네.", *END), owner="vllm")
        sampling = Sampling(temperature=0.3, top_p=0.9, top_k=40, min_p=0.05, repetition_penalty=1.05, seed=7)
        run(backend, GenerationRequest("### User: ...", 64, sampling=sampling, messages=ASKED.messages))
        assert server.seen[0].body == {
            "model": MODEL,
            "messages": [{"role": "system", "content": "짧게 답하십시오."}, {"role": "user", "content": "안녕?"}],
            "stream": True,
            "stream_options": {"include_usage": True},
            "max_tokens": 64,
            "temperature": 0.3,
            "top_p": 0.9,
            "seed": 7,
            "top_k": 40,
            "min_p": 0.05,
            "repetition_penalty": 1.05,
        }

    @pytest.mark.parametrize(
        ("owner", "fields"), [("acme", set()), ("library", set()), ("llamacpp", {"repeat_penalty"}), ("sglang", {"repetition_penalty"})]
    )
    def test_only_what_the_server_is_known_to_understand(self, start: Start, owner: str, fields: set[str]) -> None:
        backend, server = start(says("네.", *END), owner=owner)
        run(backend, GenerationRequest("", 64, sampling=Sampling(repetition_penalty=1.1), messages=ASKED.messages))
        assert set(server.seen[0].body) - {"model", "messages", "stream", "stream_options", "max_tokens", "temperature", "top_p"} == fields

    def test_a_field_that_is_refused_is_left_out_from_then_on(self, start: Start) -> None:
        complaint = {"error": {"message": "Unknown parameter: 'stream_options'.", "code": "unknown_parameter"}}
        backend, server = start(refuses(400, complaint), says("네.", *END))
        assert text_of(run(backend)) == "네."
        assert text_of(run(backend)) == "네."
        assert ["stream_options" in answer.body for answer in server.seen] == [True, False, False]

    def test_the_limit_has_two_names(self, start: Start) -> None:
        complaint = {"error": {"message": "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."}}
        backend, server = start(refuses(400, complaint), says("네.", *END))
        assert text_of(run(backend)) == "네."
        assert (server.seen[1].body["max_completion_tokens"], "max_tokens" in server.seen[1].body) == (100, False)

    def test_half_a_character_is_not_sent(self, start: Start) -> None:
        backend, server = start(says("네.", *END))
        run(backend, GenerationRequest("", 10, messages=(Message("user", "안녕\ud83d"),)))
        assert server.seen[0].body["messages"][0]["content"] == "안녕?"

    def test_a_server_that_says_it_cannot_go_on_is_not_asked_again(self, start: Start) -> None:
        words = {"error": {"code": 400, "message": "Assistant response prefill is incompatible with enable_thinking."}}
        backend, _ = start(refuses(400, words), owner="llamacpp")
        assert backend.can_continue
        error, _ = fails(backend, GenerationRequest("", 64, messages=(*ASKED.messages, Message("assistant", "오늘은"))))
        assert (error.key, backend.can_continue) == ("remote_cannot_continue", False)

    def test_nothing_is_sent_ahead_of_time(self, start: Start) -> None:
        backend, server = start(says("네.", *END))
        events = run(backend, GenerationRequest("", 0, messages=ASKED.messages))
        assert (last(events).reason, server.seen) == ("length", [])

    @pytest.mark.parametrize(
        ("owner", "flags"),
        [
            ("vllm", {"continue_final_message": True, "add_generation_prompt": False}),
            ("sglang", {"continue_final_message": True}),
            ("llamacpp", {}),
            ("library", {}),
        ],
    )
    def test_a_reply_goes_on(self, start: Start, owner: str, flags: dict[str, bool]) -> None:
        backend, server = start(says(" 좋네요.", *END), owner=owner)
        begun = (*ASKED.messages, Message("assistant", "오늘은 날씨가"))
        assert backend.can_continue
        assert text_of(run(backend, GenerationRequest("", 64, messages=begun))) == " 좋네요."
        body = server.seen[0].body
        assert body["messages"][-1] == {"role": "assistant", "content": "오늘은 날씨가"}
        assert {name: body[name] for name in ("continue_final_message", "add_generation_prompt") if name in body} == flags
        run(backend)
        assert "continue_final_message" not in server.seen[1].body

    def test_a_server_that_would_begin_anew_is_not_asked_to_go_on(self, start: Start) -> None:
        backend, server = start(says("네.", *END), owner="acme")
        error, _ = fails(backend, GenerationRequest("", 64, messages=(*ASKED.messages, Message("assistant", "오늘은"))))
        assert (error.key, backend.can_continue, server.seen) == ("remote_cannot_continue", False, [])

    def test_a_prompt_without_messages_is_a_message(self, start: Start) -> None:
        backend, server = start(says("네.", *END))
        run(backend, GenerationRequest("안녕?", 10))
        assert server.seen[0].body["messages"] == [{"role": "user", "content": "안녕?"}]


# Counted with the tokenizer of Mistral 7B 0.1, which is SOLAR's.
@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("설정을 확인하십시오. 해결됩니다", 18),
        ("Check the settings, then start it again.", 9),
        ("API 서버를 재시작하면 docker-compose.yml이 다시 로드됩니다.", 30),
        ('def add(a, b):\n    """Adds."""\n    return {"sum": a + b, "n": [1, 2, 3]}\n', 36),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n", 18),
        ("漢字とかな、カナ。", 12),
    ],
)
def test_the_estimate_is_rather_too_high(start: Start, text: str, tokens: int) -> None:
    backend, _ = start(says("네."))
    assert backend.count_tokens("") == 0
    assert tokens <= backend.count_tokens(text) <= 1.5 * tokens
