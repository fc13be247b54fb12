"""Our chat templates in the languages of other programs: Jinja for GGUF files, Go's text/template for Ollama.

The rule: both render exactly what `ChatTemplate.render` does, which the tests compare. Only written, never run here.
"""

from __future__ import annotations

import json

from solar_chat.messages import Role
from solar_chat.prompts.templates import ChatTemplate

_ROLES: tuple[Role, ...] = ("system", "user", "assistant")


def jinja(template: ChatTemplate) -> str:
    """With `messages` and `add_generation_prompt`, as transformers and llama.cpp give them."""
    first, turns = "", "messages"
    if "system" not in template.before:
        before, after = map(_quoted, template.folded)
        first = (
            "{%- if messages and messages[0]['role'] == 'system' -%}"
            f"{{%- set system = {before} + messages[0]['content'] + {after} -%}}{{%- set turns = messages[1:] -%}}"
            "{%- else -%}{%- set system = '' -%}{%- set turns = messages -%}{%- endif -%}"
        )
        turns = "turns"
    opening = "" if turns == "messages" else "{{- system if loop.first else '' -}}"
    cases = "".join(
        f"{{%- {'elif' if number else 'if'} message['role'] == '{role}' -%}}"
        f"{{{{- {_quoted(template.before[role])} -}}}}{opening}{{{{- message['content'] + {_quoted(template.after[role])} -}}}}"
        for number, role in enumerate(role for role in _ROLES if role in template.before)
    )
    cue = f"{{%- if add_generation_prompt -%}}{{{{- {_quoted(template.cue)} -}}}}{{%- endif -%}}"
    return f"{first}{{%- for message in {turns} -%}}{cases}{{%- endif -%}}{{%- endfor -%}}{cue}"


def go(template: ChatTemplate) -> str:
    """With `.Messages` and `.System`, as Ollama gives them; always with the cue for the next reply."""
    cases: list[str] = []
    for role in (role for role in _ROLES if role in template.before):
        opening = ""
        if role == "user" and "system" not in template.before:
            before, after = map(_quoted, template.folded)
            opening = f'{{{{- if $system }}}}{{{{ {before} }}}}{{{{ $system }}}}{{{{ {after} }}}}{{{{- $system = "" }}}}{{{{- end }}}}'
        test = f'{{{{- {"else if" if cases else "if"} eq .Role "{role}" }}}}'
        cases.append(f"{test}{{{{ {_quoted(template.before[role])} }}}}{opening}{{{{ .Content }}}}{{{{ {_quoted(template.after[role])} }}}}")
    first = "{{- $system := .System }}" if "system" not in template.before else ""
    return f"{first}{{{{- range .Messages }}}}{''.join(cases)}{{{{- end }}}}{{{{- end }}}}{{{{ {_quoted(template.cue)} }}}}"


def _quoted(text: str) -> str:
    """A string that JSON, Jinja and Go read alike."""
    return json.dumps(text, ensure_ascii=False)
