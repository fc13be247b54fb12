"""The app as a Hugging Face Space: everybody is a visitor, and the model is loaded before anybody asks.

The rule: nobody reads a terminal there, so whatever the Space's owner has to know is a line in its log.
"""

from __future__ import annotations

import sys
from concurrent.futures import Future

from solar_chat import api, ui
from solar_chat.assistant import Assistant
from solar_chat.cli.options import PageOptions
from solar_chat.cli.page import check_exposure
from solar_chat.cli.serve import required_key
from solar_chat.desktop.ending import Ending
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.space import gpu_by_the_call, space_address
from solar_chat.ui.environment import prepare


def serve_space(options: PageOptions, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Serve visitors until the Space is stopped. Raises StartError where that is not possible."""
    check_exposure(options)
    home = options.home
    ending = Ending()
    ending.listen()

    def ready(_owner: str | None, addresses: tuple[str, ...]) -> None:
        url = space_address() or addresses[0]
        print(catalogue.tr(lang, "space.open", url=url), flush=True)
        if options.owner_password is not None:
            print(catalogue.tr(lang, "cli.owner_ready", url=f"{url.rstrip('/')}/owner"), flush=True)
        print(catalogue.tr(lang, "space.kept" if home.bucket else "space.not_kept", folder=home.bucket), flush=True)
        assistant.ready().add_done_callback(loaded)

    def until() -> None:
        ending.wait()

    def loaded(_done: Future[None]) -> None:
        state = assistant.load_state()
        if state.error is not None:
            print(catalogue.describe(state.error, lang), file=sys.stderr, flush=True)
        if state.stage == "ready":
            print(catalogue.tr(lang, "space.answers", model=state.model), flush=True)

    with Assistant.open(home, options.model) as assistant:
        if gpu_by_the_call():
            prepare()
            assistant.machine.load_for_lent_gpu()
        key = required_key(home, options.api_key, exposed=True)
        programs = api.build(assistant, api.ApiOptions(options.host, False, key, fall_back=True))
        ui.launch(
            assistant,
            host=options.host,
            port=options.port,
            password=options.password,
            lang=options.lang,
            on_ready=ready,
            until=until,
            doors=dict.fromkeys(api.PATHS, programs),
            visitors=True,
            # Nobody sits here; its owner can still log in.
            owner=options.owner_password is not None,
            owner_password=options.owner_password,
        )
