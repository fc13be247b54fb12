"""The models the app knows: data, and nothing but data.

The rule: licence, template and sizes are facts with a source, taken from the model's own card, never from its re-uploads. Tokens per syllable were
counted on the answers of a Korean chatbot corpus (songys/Chatbot_data) with each model's own tokenizer, where that was at hand.
"""

from __future__ import annotations

from solar_chat.models.spec import Form, ModelSpec, Shape
from solar_chat.paths import STARTER_MODEL

# SOLAR 10.7B (arXiv 2312.15166): 48 layers of Mistral 7B's width, 8 key-value heads of 128. Its Korean descendants keep the shape.
_SOLAR_SHAPE = Shape(layers=48, kv_heads=8, head_dim=128)
_SOLAR_LAYERS_PARAMETERS = 48 * 218_112_000 + 4096
# A Llama tokenizer of 32,000 pieces: most syllables are three byte tokens.
_SOLAR_TOKENS_PER_SYLLABLE = 1.65
_EEVE_GGUF = "teddylee777/EEVE-Korean-Instruct-10.8B-v1.0-gguf"

STARTER = ModelSpec(
    id="starter",
    name="Solar Starter",
    path=STARTER_MODEL,
    template="starter",
    context_tokens=1024,
    licence="Apache-2.0",
    commercial=True,
    languages=("ko", "en"),
    parameters=10_950_912,
    tokens_per_syllable=0.49,
    limits=("starter",),
    copies_language=True,
)
# Non-commercial because its tuning data is; its first card and many re-uploads said Apache-2.0. The card calls it a single-turn model and names
# English only. GGUF sizes: the listing of TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF.
SOLAR = ModelSpec(
    id="upstage/SOLAR-10.7B-Instruct-v1.0",
    name="SOLAR 10.7B Instruct",
    path=None,
    template="solar",
    context_tokens=4096,
    forms=(
        Form("safetensors", "upstage/SOLAR-10.7B-Instruct-v1.0", "float16", 21_470_000_000),
        Form("gguf", "TheBloke/SOLAR-10.7B-Instruct-v1.0-GGUF", "Q4_K_M", 6_461_667_936, file="solar-10.7b-instruct-v1.0.Q4_K_M.gguf"),
    ),
    licence="CC-BY-NC-4.0",
    commercial=False,
    languages=("en",),
    parameters=_SOLAR_LAYERS_PARAMETERS + 2 * 32_000 * 4096,
    shape=_SOLAR_SHAPE,
    tokens_per_syllable=_SOLAR_TOKENS_PER_SYLLABLE,
    limits=("single_turn", "english_first"),
)
# SOLAR with a Korean vocabulary of 40,960 pieces (arXiv 2402.14714). The size of the GGUF follows from the parameters at Q4_K_M's bits per weight.
# Its repository and the names of its files are those of the download commands and Modelfiles of several projects; an older conversion, heegyu's of
# early 2024, is refused by Ollama now. The card shows a single question, not how an answer ends before the next one. Tokens per syllable: EEVE took
# 0.57 of SOLAR's on 45 encyclopedia sentences full of names, by the counts that choihyun-1110/morpheme-aware-ptq publishes (its counts for SOLAR
# came out the same here); plain prose should cost less.
EEVE = ModelSpec(
    id="yanolja/EEVE-Korean-Instruct-10.8B-v1.0",
    name="EEVE Korean Instruct 10.8B",
    path=None,
    template="eeve",
    context_tokens=4096,
    forms=(
        Form("safetensors", "yanolja/EEVE-Korean-Instruct-10.8B-v1.0", "bfloat16", 21_610_000_000),
        Form("gguf", _EEVE_GGUF, "Q4_K_M", 6_510_000_000, file="EEVE-Korean-Instruct-10.8B-v1.0-Q4_K_M.gguf", estimated=True),
    ),
    licence="Apache-2.0",
    commercial=True,
    languages=("ko", "en"),
    parameters=_SOLAR_LAYERS_PARAMETERS + 2 * 40_960 * 4096,
    shape=_SOLAR_SHAPE,
    tokens_per_syllable=0.94,
    limits=("turns_unpublished",),
)
# SOLAR 10.7B tuned in Korean by Korea University, with one fixed system prompt, without which it answers worse by its own card. "CC-BY-NC 4.0" stands
# in the README of nlpai-lab/KULLM and in the card as taeminlee/KULLM3-awq repeats it, "Apache-2.0" on the repository: the stricter one is told.
KULLM3 = ModelSpec(
    id="nlpai-lab/KULLM3",
    name="KULLM3",
    path=None,
    template="kullm",
    context_tokens=4096,
    forms=(Form("safetensors", "nlpai-lab/KULLM3", "float16", 21_470_000_000),),
    licence="CC-BY-NC-4.0",
    commercial=False,
    languages=("ko", "en"),
    parameters=_SOLAR_LAYERS_PARAMETERS + 2 * 32_000 * 4096,
    shape=_SOLAR_SHAPE,
    tokens_per_syllable=_SOLAR_TOKENS_PER_SYLLABLE,
    limits=("own_system_prompt",),
)
# A base model of 12 layers that Upstage trained to show depth up-scaling on: it goes on with a text rather than answering.
TINY_SOLAR = ModelSpec(
    id="upstage/TinySolar-248m-4k",
    name="TinySolar 248M",
    path=None,
    template="solar",
    context_tokens=4096,
    forms=(Form("safetensors", "upstage/TinySolar-248m-4k", "bfloat16", 496_000_000),),
    licence="Apache-2.0",
    commercial=True,
    languages=("en",),
    parameters=12 * 15_206_400 + 2 * 32_000 * 1024 + 1024,
    shape=Shape(layers=12, kv_heads=8, head_dim=32),
    tokens_per_syllable=_SOLAR_TOKENS_PER_SYLLABLE,
    limits=("base_model", "english_first"),
)
# 22.1B, `model_type: solar`, whose code lies in its repository: not in transformers, refused by llama.cpp (#9541).
SOLAR_PRO_PREVIEW = ModelSpec(
    id="upstage/solar-pro-preview-instruct",
    name="Solar Pro Preview 22B",
    path=None,
    template="chatml",
    context_tokens=4096,
    forms=(Form("safetensors", "upstage/solar-pro-preview-instruct", "bfloat16", 44_200_000_000),),
    licence="MIT",
    commercial=True,
    languages=("en",),
    parameters=22_100_000_000,
    refused="remote_code",
)
CATALOG = (STARTER, EEVE, SOLAR, KULLM3, TINY_SOLAR, SOLAR_PRO_PREVIEW)
ALIASES = {"starter": STARTER, "solar": SOLAR, "eeve": EEVE, "kullm3": KULLM3, "tinysolar": TINY_SOLAR, "solar-pro-preview": SOLAR_PRO_PREVIEW}
