"""The project's pages: where they are, and what stands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .checkout import ROOT

INDEX = ROOT / "docs" / "README.md"
README = ROOT / "README.md"
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")),
]
SHELLS = {"sh", "bash"}
OPERATORS = re.compile(r"[();<>|&]+")
_SUBSTITUTION = re.compile(r"\$\(([^()]*)\)")


def name_of(path: Path) -> str:
    """Return the page's name as tests show it."""
    return str(path.relative_to(ROOT))


def list_inline(page: Path, kind: str) -> list[Token]:
    """Return the page's links, images or code_inline, in the order in which they stand there."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    return [child for token in tokens for child in token.children or () if child.type == kind]


def list_code(page: Path) -> list[str]:
    """Return the texts in backticks, as they are shown."""
    return [token.content for token in list_inline(page, "code_inline")]


def list_targets(page: Path) -> list[str]:
    """Return where the page's links and images lead."""
    links = [str(token.attrs["href"]) for token in list_inline(page, "link_open")]
    return links + [str(token.attrs["src"]) for token in list_inline(page, "image")]


def list_anchors(page: Path) -> set[str]:
    """Return the anchors that a public host gives the page's headings."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    headings = [tokens[number + 1].content for number, token in enumerate(tokens) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).replace(" ", "-") for heading in headings}


def list_fences(page: Path) -> list[Token]:
    """Return the page's blocks of code; `info` names the language."""
    tokens = MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
    return [token for token in tokens if token.type == "fence"]


def list_commands(page: Path) -> list[list[str]]:
    """Return the words of every command in the page's blocks of shell, each without the variables before it."""
    return [
        command for fence in list_fences(page) if fence.info in SHELLS for command in _split_commands(fence.content)
    ]


def list_rows(page: Path, heading: str) -> list[list[str]]:
    """Return the cells of the tables' rows from a heading of the page to the next one; the heads are left out."""
    text = f"\n{page.read_text(encoding='utf-8')}".partition(f"\n{heading}\n")[2]
    section = re.split(r"^#", text, maxsplit=1, flags=re.MULTILINE)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    heads = {number - 1 for number, row in enumerate(rows) if set(row) <= set("|- ")}
    return [
        [cell.strip() for cell in row.strip("|").split("|")]
        for number, row in enumerate(rows)
        if number not in heads and number - 1 not in heads
    ]


def _split_commands(shell: str) -> Iterator[list[str]]:
    """Yield the simple commands of a text for the shell, also those in `$(...)`."""
    lexer = shlex.shlex(shell.replace("\\\n", " ").replace("\n", "\n; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    command: list[str] = []
    for word in [*lexer, ";"]:
        if not OPERATORS.fullmatch(word):
            command.append(word)
            for inner in _SUBSTITUTION.findall(word):
                yield from _split_commands(inner)
            continue
        while command and re.match(r"[A-Z_0-9]+=", command[0]):
            del command[0]
        if command:
            yield command
        command = []
