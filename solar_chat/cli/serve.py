"""`serve`: the API without the page; and who may use the API, wherever it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from solar_chat import api
from solar_chat.access import checked_key, is_loopback, load_or_make_key
from solar_chat.assistant import Assistant
from solar_chat.i18n import Catalogue, InterfaceLanguage
from solar_chat.paths import Home


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """What the command line asked for; `port` 0 takes a free one."""

    home: Home
    host: str
    port: int
    api_key: str | None
    model: str | None


def serve_api(options: ServeOptions, catalogue: Catalogue, lang: InterfaceLanguage) -> None:
    """Serve until the person stops it; the model loads at the first request. Raises StartError or InputError."""

    def announce(url: str) -> None:
        print(catalogue.tr(lang, "cli.serve_ready", url=url), flush=True)
        if key is not None and options.api_key is None:
            print(catalogue.tr(lang, "cli.serve_key"), flush=True)

    with Assistant.open(options.home, options.model) as assistant:
        key = required_key(options.home, options.api_key, exposed=not is_loopback(options.host))
        api.serve(assistant, api.ApiOptions(options.host, key=key), port=options.port, on_ready=announce)


def required_key(home: Home, chosen: str | None, *, exposed: bool) -> str | None:
    """The key that every request must bring: the chosen one, this installation's own where others can connect, else none."""
    if chosen is not None:
        return checked_key(chosen)
    return load_or_make_key(home.api_key) if exposed else None
