"""The page in the browser: a Gradio app over one `Assistant`.

Only this room mentions Gradio. It draws what the assistant tells it and keeps no conversation: the store is the truth, the page carries an id.

    environment  what must hold before Gradio is imported     page      all regions put together
    server       the owner's page and the visitors'              screen    what is drawn from the store, state of one tab
    turns        sending, editing, regenerating, stopping     notes     a stored message as the Chatbot shows it
    streaming    events of a thread, a few times a second     marks     its sentences that were mended or slipped
    views        what the middle of the window shows       markup    text inside our own HTML
    models_view, models_page, model_cards, download_rows, boxes, server_form: the Models view
    layers       who may ask, early head                       owner_door  logging in as the owner elsewhere; owner_login decides
    tunnel       the public link                               services    what the page offers of the program around it
    sidebar, chat, controls, settings_panel, desktop_panel, header: one region each
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from solar_chat.ui.environment import prepare
from solar_chat.ui.services import Services

if TYPE_CHECKING:
    import gradio as gr

    from solar_chat.assistant import Assistant
    from solar_chat.i18n import InterfaceLanguage
    from solar_chat.ui.layers import Presence

__all__ = ["Services", "build", "launch"]


def build(assistant: Assistant) -> gr.Blocks:
    """The page, not yet served."""
    # `prepare` changes how Gradio is imported, so the modules that import it come after it, here and in `launch`.
    prepare()
    from solar_chat.ui.page import build_page

    return build_page(assistant)


def launch(
    assistant: Assistant,
    *,
    host: str = "127.0.0.1",
    port: int | None = None,
    share: bool = False,
    password: str | None = None,
    lang: InterfaceLanguage | None = None,
    on_ready: Callable[[str | None, tuple[str, ...]], None],
    until: Callable[[], object],
    doors: Mapping[str, Callable[..., Any]] | None = None,
    visitors: bool = False,
    owner: bool = True,
    owner_password: str | None = None,
    services: Services | None = None,
    presence: Presence | None = None,
) -> None:
    """Serve the page until `until` returns. The model loads once somebody has the page in front of them.

    `port` None takes the first free one from 7860; `lang` overrides the setting for this run; the user name beside `password` is "solar". With
    `visitors` the page at `host` and `port` is for them, and the owner's is on this computer only, or nowhere where `owner` is False; with an
    `owner_password` the owner can log in there, too. `on_ready` gets the owner's address and the visitors' ones. Whether a password is needed is the
    caller's business. `doors` are ASGI applications served beside the page, by path; `services` and `presence` see `serve`. Raises StartError
    `port_taken` (port), `share_offline`, `share_blocked` or `share_failed` (reason).
    """
    prepare()
    from solar_chat.ui.server import serve

    with serve(
        assistant,
        host=host,
        port=port,
        share=share,
        password=password,
        lang=lang,
        doors=doors,
        visitors=visitors,
        owner=owner,
        owner_password=owner_password,
        services=services,
        presence=presence,
    ) as addresses:
        on_ready(addresses.owner, addresses.visitors)
        until()
