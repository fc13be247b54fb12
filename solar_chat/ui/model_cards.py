"""A card for each model: what it is, what its licence means, how each of its forms suits this machine, and what can be done with it.

Pure: what the assistant says about models in, HTML out. The rule: the licence stands above every button, and a download that is not free for
commercial use, or whose licence nobody gave, is begun only from a box that says so. Every button carries `data-do` and `data-model`; what they do is
in `models_page`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solar_chat.assistant import LoadState, leaves_for
from solar_chat.errors import SolarChatError
from solar_chat.models import Copy, Fit, Listed, ModelSpec, freed_bytes
from solar_chat.models.wording import Say, download_size, licence_sentence, size, verdict
from solar_chat.paths import HUGGING_FACE
from solar_chat.ui.boxes import act_button, asking_button
from solar_chat.ui.header import is_loading
from solar_chat.ui.marks import Translate
from solar_chat.ui.markup import link, safe, with_links

_KINDS = {"safetensors": "safetensors", "gguf": "GGUF"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What the cards are drawn from, beside the models."""

    tr: Translate
    say: Say
    describe: Callable[[SolarChatError], str]
    load: LoadState
    in_use: ModelSpec | None
    running: frozenset[str]
    """Names (`id:form`) of what is being downloaded."""


def cards_html(listed: Sequence[Listed], shown: Shown) -> str:
    """All cards, in the order of `listed`."""
    return f'<div class="cards">{"".join(_card(each, number, shown) for number, each in enumerate(listed))}</div>'


def _card(each: Listed, number: int, shown: Shown) -> str:
    spec = each.spec
    if spec is None:
        problem = with_links(shown.describe(each.problem)) if each.problem is not None else ""
        return _shell(each.name, "", [], f'<p class="bad">{problem}</p>', each, shown)
    facts = [", ".join(shown.tr(f"language.{language}") for language in spec.languages)]
    facts.append(f"{spec.parameters / 1e9:.1f}B" if spec.parameters >= 1e9 else f"{spec.parameters / 1e6:.0f}M" if spec.parameters >= 1e6 else "")
    body = []
    if spec.remote is None:
        card = f" {link(f'{HUGGING_FACE}/{spec.id}', shown.tr('models_page.card'))}" if spec.forms else ""
        strict = "" if spec.commercial else " strict"
        body.append(f'<p class="licence{strict}">{safe(licence_sentence(spec, shown.say))}{card}</p>')
    body += [f'<p class="limit">{safe(shown.tr(f"model_limit.{limit}"))}</p>' for limit in spec.limits]
    if spec.refused is not None:
        body.append(f'<p class="bad">{safe(shown.tr(f"model_refused.{spec.refused}"))}</p>')
    else:
        body += [_form(each, spec, fit, f"{number}-{row}", shown, first=row == 0) for row, fit in enumerate(each.fits)]
    if spec.remote is not None:
        body.append(_on_server(spec, shown))
    if each.instead is not None:
        body.append(f'<p class="instead">{safe(shown.tr("models_page.instead", model=each.instead.name))}</p>')
    return _shell(spec.name, " · ".join(fact for fact in facts if fact), _tags(spec, shown), "".join(body), each, shown)


def _shell(name: str, facts: str, tags: list[str], body: str, each: Listed, shown: Shown) -> str:
    drop = ""
    if each.added and not each.copies:
        drop = f'<button class="quiet" data-do="forget" data-model="{safe(each.name)}">{safe(shown.tr("models_page.forget"))}</button>'
    # Two owners may give their models one name.
    path = f'<p class="path"><code>{safe(each.name)}</code></p>' if each.added and each.name != name else ""
    head = f'<h3>{safe(name)}</h3>{"".join(tags)}<span class="facts">{safe(facts)}</span>{drop}'
    return f'<article class="card" aria-label="{safe(each.name)}"><header>{head}</header>{path}{body}</article>'


def _tags(spec: ModelSpec, shown: Shown) -> list[str]:
    if _is_loading(spec, shown):
        return [f'<span class="tag busy">{safe(shown.tr("models_page.loading"))}</span>']
    if shown.in_use is not None and shown.in_use.id == spec.id:
        return [f'<span class="tag good">{safe(shown.tr("models_page.in_use"))}</span>']
    return []


def _is_loading(spec: ModelSpec, shown: Shown) -> bool:
    return is_loading(shown.load) and shown.load.model in (spec.name, spec.id)


def _on_server(spec: ModelSpec, shown: Shown) -> str:
    using = shown.in_use is not None and shown.in_use.id == spec.id
    url = spec.remote.base_url if spec.remote is not None else ""
    said = safe(shown.say("remote" if leaves_for(spec.remote) else "remote_here", url=url))
    return f'<div class="form"><p class="verdict">{said}</p><div class="acts">{"" if using else _button("use", spec.id, shown)}</div></div>'


def _form(each: Listed, spec: ModelSpec, fit: Fit, number: str, shown: Shown, *, first: bool) -> str:
    """One row: the form, whether it runs here, what it takes, what can be done."""
    kind = fit.form.kind if fit.form is not None else None
    name = f"{spec.id}:{kind}" if len(spec.forms) > 1 else spec.id
    copies = [copy for copy in each.copies if fit.form is not None and copy.form.kind == kind and copy.form.file == fit.form.file]
    title = ""
    if fit.form is not None:
        title = f"<strong>{safe(_KINDS.get(fit.form.kind, fit.form.kind))}</strong> <span>{safe(fit.form.weights)}</span>"
        if first and fit.usable and len(each.fits) > 1:
            title += f' <span class="tag">{safe(shown.tr("models_page.recommended"))}</span>'
    speed = f" · {shown.say(f'speed_{fit.speed}')}" if fit.usable else ""
    said = f'<p class="verdict {fit.verdict}">{safe(verdict(fit, shown.say) + speed)}</p>'
    acts = _acts(spec, fit, name, copies, number, shown, first=first)
    if kind == "safetensors" or spec.path is not None:
        acts = _drop_full(each, name, number, shown) + acts
    return f'<div class="form"><div class="what">{title}{said}{_sizes(fit, copies, shown)}</div><div class="acts">{acts}</div></div>'


def _sizes(fit: Fit, copies: Sequence[Copy], shown: Shown) -> str:
    tr = shown.tr
    rows = []
    here = sum(copy.here_bytes for copy in copies)
    if any(copy.whole for copy in copies):
        rows.append((tr("models_page.here"), size(here)))
    elif fit.download_bytes:
        rows.append((tr("models_page.download_size"), download_size(fit, shown.say)))
        if copies:
            rows.append((tr("models_page.here"), size(here)))
        rows.append((tr("models_page.disk"), tr("models_page.needed", needed=size(fit.disk_bytes), free=size(fit.disk_free_bytes))))
    if fit.weight_bytes:
        rows.append((tr("models_page.memory"), tr("models_page.needed", needed=size(fit.needed_bytes), free=size(fit.free_bytes))))
    return f"<dl>{''.join(f'<div><dt>{safe(term)}</dt><dd>{safe(value)}</dd></div>' for term, value in rows)}</dl>" if rows else ""


def _acts(spec: ModelSpec, fit: Fit, name: str, copies: Sequence[Copy], number: str, shown: Shown, *, first: bool) -> str:
    """What can be done with one form, in the state it is in."""
    if name in shown.running:
        return f'<span class="tag busy">{safe(shown.tr("models_page.downloading"))}</span>'
    used = shown.in_use
    using = used is not None and used.id == spec.id and (fit.form is None or used.form is None or used.form.kind == fit.form.kind)
    if spec.path is not None or any(copy.whole for copy in copies):
        use = "" if using or _is_loading(spec, shown) else _button("use", name, shown, primary=first)
        return use + ("" if spec.path is not None or using else _remove(name, copies, number, shown))
    if copies:
        return _button("download", name, shown, key="resume", primary=first) + _remove(name, copies, number, shown)
    return _download(spec, fit, name, number, shown, primary=first and fit.usable)


def _download(spec: ModelSpec, fit: Fit, name: str, number: str, shown: Shown, *, primary: bool) -> str:
    """The button; through a box first where the licence is not free or is not known, or where the model will not run here."""
    warnings = [] if spec.commercial else [licence_sentence(spec, shown.say)]
    warnings += [] if fit.usable else [verdict(fit, shown.say)]
    if not warnings:
        return _button("download", name, shown, primary=primary)
    asked = [*warnings, shown.tr("models_page.download_sure", model=spec.name, size=download_size(fit, shown.say))]
    sure = "download_not_commercial" if spec.commercial is False else "download_anyway"
    return _box(f"get-{number}", "download", asked, _button("download", name, shown, key=sure, primary=True), shown, primary=primary)


def _remove(name: str, copies: Sequence[Copy], number: str, shown: Shown) -> str:
    frees = size(sum(freed_bytes(copy) for copy in copies))
    sure = _button("remove", name, shown, key="remove_now", primary=True)
    return _box(f"drop-{number}", "remove", [shown.tr("models_page.remove_frees", frees=frees)], sure, shown)


def _drop_full(each: Listed, name: str, number: str, shown: Shown) -> str:
    """The offer to give back the 16-bit files that a 4-bit copy has made superfluous."""
    if each.quantized is None or not each.quantized.full_bytes:
        return ""
    said = shown.tr("models_page.full_frees", frees=size(each.quantized.full_bytes), copy=size(each.quantized.size_bytes))
    return _box(f"full-{number}", "full", [said], _button("full", name, shown, key="full_now", primary=True), shown)


def _box(ident: str, key: str, sentences: Sequence[str], sure: str, shown: Shown, *, primary: bool = False) -> str:
    back = shown.tr("models_page.back")
    return asking_button(ident, shown.tr(f"models_page.{key}"), sentences, sure, back, primary=primary)


def _button(do: str, name: str, shown: Shown, *, key: str = "", primary: bool = False) -> str:
    return act_button(do, name, shown.tr(f"models_page.{key or do}"), primary=primary)
