"""From messages to the exact prompt a model reads: system prompt, chat template, context window.

Knows words and token counts; never the model, the store or the page.
"""

from solar_chat.prompts.system import ReplyLanguage, firmer, firmly, system_prompt
from solar_chat.prompts.templates import TEMPLATES, ChatTemplate
from solar_chat.prompts.window import Window, fit, whole

__all__ = ["TEMPLATES", "ChatTemplate", "ReplyLanguage", "Window", "firmer", "firmly", "fit", "system_prompt", "whole"]
