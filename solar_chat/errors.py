"""Every error that a person may meet, as one tree.

An error carries a locale key and its parameters, never a finished sentence: the door that shows it (`ui`, `cli`, later `api`) asks `i18n` for the
sentence in the reader's language. Foreign exceptions are mapped once, where they arise, with `raise ... from`.

    SolarChatError
    ├── StartError            the app cannot start as asked (port, password, folder)
    ├── InputError            what the person gave cannot be used (empty, too long, bad line)
    ├── ModelError            a model is missing, broken, refused or does not fit
    │   ├── OutOfMemory
    │   └── NoTurn            the machine is lent by the turn, and there is none for this person now
    └── StoreError            the history cannot be read or written
        └── StaleWrite        a newer turn exists; nothing was overwritten
"""

from __future__ import annotations


class SolarChatError(Exception):
    """Base of the tree. `key` names a sentence `error.<key>` in locales/*.json; `params` fill it."""

    def __init__(self, key: str, **params: object) -> None:
        self.key = key
        self.params = params
        detail = ", ".join(f"{name}={value}" for name, value in params.items())
        super().__init__(f"{key} ({detail})" if detail else key)


class StartError(SolarChatError):
    """The app cannot start as asked: taken port, missing password, unwritable folder."""


class InputError(SolarChatError):
    """What the person gave cannot be used as it is."""


class ModelError(SolarChatError):
    """A model is missing, broken, refused or does not fit."""


class OutOfMemory(ModelError):
    """The device ran out of memory while loading or generating."""


class NoTurn(ModelError):
    """The machine that would answer is lent by the turn, and this person has none left, or all are taken."""


class StoreError(SolarChatError):
    """The conversation store cannot be read or written."""


class StaleWrite(StoreError):
    """A write was based on an older state of the conversation; nothing was changed."""
