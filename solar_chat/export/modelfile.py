"""The Modelfile that makes an Ollama model of a GGUF file: `ollama create NAME -f Modelfile`.

Its template is ours, in Go's template language, because Ollama takes the file's Jinja only where it knows that very text. The rule: it
says nothing that the file and the catalogue do not. Format: Ollama docs/modelfile.md.
"""

from __future__ import annotations

import json

from solar_chat.export.about import About
from solar_chat.prompts.translated import go


def modelfile(about: About, gguf: str, context_tokens: int) -> str:
    """Its text; `gguf` is the file's name, which lies beside it."""
    lines = [f"FROM ./{gguf}", f'TEMPLATE """{go(about.template)}"""']
    lines += [f"PARAMETER stop {json.dumps(stop, ensure_ascii=False)}" for stop in about.template.stop]
    lines.append(f"PARAMETER num_ctx {min(about.context_tokens, context_tokens)}")
    terms = about.licence_text if about.licence_text is not None and '"""' not in about.licence_text else about.licence
    if terms:
        lines.append(f'LICENSE """{terms.strip()}"""')
    return "\n".join(lines) + "\n"
