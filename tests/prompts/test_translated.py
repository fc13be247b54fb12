"""Our templates in Jinja and in Go render what they render here. Go is read by a reader of our few words, and by Go where it is there."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import jinja2
import pytest

from solar_chat.messages import Message
from solar_chat.prompts import TEMPLATES
from solar_chat.prompts.translated import go, jinja

USER, REPLY, AGAIN = Message("user", "안녕?"), Message("assistant", 'Hello "there"\n<b>'), Message("user", "  {{ 다시 }}")
TALKS = {
    "one": [USER],
    "system": [Message("system", "짧게 답하십시오."), USER],
    "several": [Message("system", "Be brief.\nPlease."), USER, REPLY, AGAIN],
    "several without system": [USER, REPLY, AGAIN],
}
NAMES = sorted(TEMPLATES.keys() - {"server"})


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", NAMES)
def test_jinja(name: str, talk: str) -> None:
    messages = [{"role": message.role, "content": message.content} for message in TALKS[talk]]
    made = jinja2.Environment().from_string(jinja(TEMPLATES[name]))
    assert made.render(messages=messages, add_generation_prompt=True) == TEMPLATES[name].render(TALKS[talk])
    assert made.render(messages=messages) + TEMPLATES[name].cue == TEMPLATES[name].render(TALKS[talk])


@pytest.mark.parametrize("talk", TALKS)
@pytest.mark.parametrize("name", NAMES)
def test_go(name: str, talk: str) -> None:
    assert run_go(go(TEMPLATES[name]), TALKS[talk]) == TEMPLATES[name].render(TALKS[talk])


GO_PROGRAM = """package main

import (
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

func main() {
	var cases []struct {
		Template string
		Data     map[string]any
	}
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil {
		panic(err)
	}
	said := []string{}
	for _, one := range cases {
		var out strings.Builder
		if err := template.Must(template.New("").Parse(one.Template)).Execute(&out, one.Data); err != nil {
			panic(err)
		}
		said = append(said, out.String())
	}
	json.NewEncoder(os.Stdout).Encode(said)
}
"""


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed (Debian: golang-go)")
def test_go_by_go_itself(tmp_path: Path) -> None:
    cases, expected = [], []
    for name in NAMES:
        for talk in TALKS.values():
            system = "\n\n".join(message.content for message in talk if message.role == "system")
            turns = [{"Role": message.role, "Content": message.content} for message in talk]
            cases.append({"Template": go(TEMPLATES[name]), "Data": {"System": system, "Messages": turns}})
            expected.append(TEMPLATES[name].render(talk))
    (tmp_path / "main.go").write_text(GO_PROGRAM, encoding="utf-8")
    done = subprocess.run(
        ["go", "run", "main.go"], cwd=tmp_path, input=json.dumps(cases), capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == expected


Node = tuple[str, str, list["Node"], list["Node"]]
"""(kind, expression, then, else)."""


def run_go(source: str, messages: Sequence[Message]) -> str:
    """Go's text/template, as far as range, if, eq, variables and strings go."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    words = iter(re.findall(r"\{\{-? ?(.*?) ?\}\}|(.+?)(?=\{\{|$)", source, re.DOTALL))
    nodes, end = parse(words)
    assert end == ""
    return evaluate(nodes, messages, {".System": system}, None)


def parse(words: Iterator[tuple[str, str]]) -> tuple[list[Node], str]:
    """Nodes up to the end of the block, and the word that ended it."""
    nodes: list[Node] = []
    for action, text in words:
        if text:
            nodes.append(("text", text, [], []))
        elif action.startswith(("range ", "if ")):
            kind, _, expression = action.partition(" ")
            nodes.append(branch(kind, expression, words))
        elif action == "end" or action.startswith("else"):
            return nodes, action
        else:
            nodes.append(("print", action, [], []))
    return nodes, ""


def branch(kind: str, expression: str, words: Iterator[tuple[str, str]]) -> Node:
    then, end = parse(words)
    if end.startswith("else if "):
        return kind, expression, then, [branch("if", end.removeprefix("else if "), words)]
    assert end == "end"
    return kind, expression, then, []


def evaluate(nodes: list[Node], messages: Sequence[Message], variables: dict[str, str], message: Message | None) -> str:
    out = ""
    for kind, expression, then, other in nodes:
        if kind == "text":
            out += expression
        elif kind == "range":
            assert expression == ".Messages"
            out += "".join(evaluate(then, messages, variables, each) for each in messages)
        elif kind == "if":
            compared = re.fullmatch(r'eq \.Role "(\w+)"', expression)
            holds = message is not None and message.role == compared[1] if compared else bool(variables[expression])
            out += evaluate(then if holds else other, messages, variables, message)
        elif assigned := re.fullmatch(r"(\$\w+) :?= (.*)", expression):
            variables[assigned[1]] = json.loads(assigned[2]) if assigned[2].startswith('"') else variables[assigned[2]]
        elif expression == ".Content":
            assert message is not None
            out += message.content
        else:
            out += json.loads(expression) if expression.startswith('"') else variables[expression]
    return out
