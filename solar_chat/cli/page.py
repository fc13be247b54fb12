"""Opens the page: what must hold before a port is bound, and the address in the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from solar_chat import api
from solar_chat.access import checked_owner_password, is_loopback, is_space
from solar_chat.assistant import Assistant
from solar_chat.cli.serve import required_key
from solar_chat.errors import StartError
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home


@dataclass(frozen=True, slots=True)
class PageOptions:
    """What the command line asked for; `port` None takes the first free one."""

    home: Home
    share: bool
    host: str
    port: int | None
    password: str | None
    public: bool
    owner_password: str | None
    api_key: str | None
    open_browser: bool
    model: str | None
    lang: InterfaceLanguage | None


def open_page(options: PageOptions, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Serve until the person stops it. Raises StartError where it would not be safe or possible to start."""
    _check_exposure(options)
    # The one door with a heavy import at module level (gradio, 2 s): it is opened only when somebody goes through it.
    from solar_chat import ui

    def announce(owner: str | None, visitors: tuple[str, ...]) -> None:
        if owner is not None:
            print(catalogue.tr(lang, "cli.page_ready", url=owner), flush=True)
        for url in visitors:
            print(catalogue.tr(lang, "cli.visitors_ready", url=url), flush=True)
            if options.owner_password is not None:
                print(catalogue.tr(lang, "cli.owner_ready", url=f"{url.rstrip('/')}/owner"), flush=True)
        if visitors and options.password is None:
            print(catalogue.tr(lang, "cli.public_opens"), flush=True)

    with Assistant.open(options.home, options.model) as assistant:
        # A password says that the page is not for everybody who can reach it; then neither is the API.
        key = required_key(options.home, options.api_key, exposed=_lets_others_in(options) or options.password is not None)
        programs = api.build(assistant, api.ApiOptions(options.host, options.share, key, fall_back=True))
        ui.launch(
            assistant,
            host=options.host,
            port=options.port,
            share=options.share,
            password=options.password,
            lang=options.lang,
            open_browser=options.open_browser,
            on_ready=announce,
            doors=dict.fromkeys(api.PATHS, programs),
            visitors=_lets_others_in(options),
            # Nobody sits at a Space; its owner can still log in.
            owner=not is_space() or options.owner_password is not None,
            owner_password=options.owner_password,
        )


def _check_exposure(options: PageOptions) -> None:
    """Whoever can reach the page can use this machine: off this computer only with a password, or where that is meant."""
    if options.public and options.password is not None:
        raise StartError("public_and_password")
    if options.password is not None and not options.password.strip():
        raise StartError("password_empty")
    if options.owner_password is not None:
        checked_owner_password(options.owner_password, options.password)
    if options.public or options.password is not None:
        return
    if options.share:
        raise StartError("share_needs_password")
    if _lets_others_in(options):
        raise StartError("host_needs_password", host=options.host)


def _lets_others_in(options: PageOptions) -> bool:
    """Whether people can reach the page who do not sit at this computer."""
    return options.share or not is_loopback(options.host)
