"""The page with everything behind it, from the first heavy import to the last conversation on the disk."""

from __future__ import annotations

import logging

from solar_chat import __version__, api, ui
from solar_chat.assistant import Assistant
from solar_chat.cli.doctor import report
from solar_chat.cli.options import PageOptions
from solar_chat.cli.page import lets_others_in
from solar_chat.cli.serve import required_key
from solar_chat.desktop.foreign import open_folder
from solar_chat.desktop.program import Program
from solar_chat.desktop.updates import newest_release, release_address
from solar_chat.i18n import Catalogue, InterfaceLanguage

_log = logging.getLogger(__name__)


def serve_page(options: PageOptions, model: str | None, catalogue: Catalogue, lang: InterfaceLanguage, program: Program) -> None:
    """Serve until the program's end is asked for, or nobody is there where that is how it ends."""

    def announce(owner: str | None, visitors: tuple[str, ...]) -> None:
        if owner is not None:
            print(catalogue.tr(lang, "cli.page_ready", url=owner), flush=True)
        for url in visitors:
            print(catalogue.tr(lang, "cli.visitors_ready", url=url), flush=True)
            if options.owner_password is not None:
                print(catalogue.tr(lang, "cli.owner_ready", url=f"{url.rstrip('/')}/owner"), flush=True)
        if visitors and options.password is None:
            print(catalogue.tr(lang, "cli.public_opens"), flush=True)
        if owner is not None:
            program.page_is_at(owner)

    def until() -> None:
        program.stay(assistant.busy)

    _log.info("Solar Chat %s starts", __version__)
    program.door.stage = "history"
    with Assistant.open(options.home, model) as assistant:
        program.door.stage = "page"
        # A password says that the page is not for everybody who can reach it; then neither is the API.
        key = required_key(options.home, options.api_key, exposed=lets_others_in(options) or options.password is not None)
        programs = api.build(assistant, api.ApiOptions(options.host, options.share, key, fall_back=True))
        ui.launch(
            assistant,
            host=options.host,
            port=options.port,
            share=options.share,
            password=options.password,
            lang=options.lang,
            on_ready=announce,
            until=until,
            doors=dict.fromkeys(api.PATHS, programs),
            visitors=lets_others_in(options),
            owner_password=options.owner_password,
            services=_services(program, assistant, catalogue),
            presence=program.presence if program.needs_quit else None,
        )
    _log.info("Solar Chat ends")


def _services(program: Program, assistant: Assistant, catalogue: Catalogue) -> ui.Services:
    home, address = program.home, release_address()

    def newest(lang: InterfaceLanguage) -> tuple[str, str | None]:
        assert address is not None
        found = newest_release(address)
        if not found.newer:
            return catalogue.tr(lang, "desktop.newest_here", version=__version__), None
        return catalogue.tr(lang, "desktop.newer", version=found.version, current=__version__), found.page

    return ui.Services(
        log=home.log,
        report=lambda lang: report(home, assistant, catalogue, lang, shown_in="browser" if program.window is None else "window"),
        open_logs=lambda: open_folder(home.logs),
        newest=None if address is None else newest,
        quit=program.ending.ask_soon if program.needs_quit else None,
    )
