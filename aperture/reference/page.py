"""The reference as one page of HTML."""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markupsafe import Markup

from aperture.cost import MAX_COST
from aperture.reference.chapters import Chapter, chapters, preface
from aperture.reference.examples import Example
from aperture.reference.words import CODES
from schema.budget import POINTS
from schema.contract import Contract

_NAMES: Final = re.compile(r"\w+")


def render(contract: Contract, shown: Sequence[Example], *, name: str, address: str, has_graphiql: bool) -> str:
    """The whole page, with these examples; `address` is where the graph answers."""
    found = chapters(contract)
    lead, rules = preface(contract)
    writer = _Writer(contract, _anchors(found))
    by_root: dict[str, list[Example]] = defaultdict(list)
    for each in shown:
        for root in each.roots():
            by_root[root].append(each)
    environment = Environment(
        loader=PackageLoader("aperture.reference"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "words": writer.words,
        "line": writer.line,
        "type": writer.type,
        "code": writer.code,
        "json": writer.json,
    }
    return environment.get_template("page.html").render(
        name=name,
        address=address,
        version=contract.version,
        lead=lead,
        rules=rules,
        chapters=found,
        examples=shown,
        by_root=by_root,
        points={each.name: each.points(contract) for each in shown},
        codes=CODES,
        max_cost=MAX_COST,
        budget=POINTS,
        has_graphiql=has_graphiql,
    )


def _anchors(found: list[Chapter]) -> dict[str, str]:
    """Where a name in the text of a description leads to: types, members and codes."""
    codes = {code: f"error.{code}" for code in CODES}
    entries = [entry for chapter in found for entry in chapter.entries]
    members = {member.where: member.where for entry in entries for member in entry.members}
    return codes | {entry.name: entry.name for entry in entries} | members


class _Writer:
    """What the template cannot say in its own words: Markdown, types and code whose names are links."""

    def __init__(self, contract: Contract, anchors: Mapping[str, str]) -> None:
        self._schema = contract.schema
        self._anchors = anchors
        self._markdown = MarkdownIt("commonmark", {"html": False})
        self._markdown.renderer = _Linking(self._link)

    def words(self, text: str) -> Markup:
        """Markdown of several paragraphs."""
        return Markup(self._markdown.render(text))  # noqa: S704 - HTML in the source is off

    def line(self, text: str) -> Markup:
        """Markdown of one line."""
        return Markup(self._markdown.renderInline(text))  # noqa: S704 - HTML in the source is off

    def type(self, text: str) -> Markup:
        """A type as `[Post!]!`, its name a link."""
        return Markup(_NAMES.sub(lambda found: self._link(found[0]), escape(text)))  # noqa: S704 - escaped here

    def code(self, example: Example) -> Markup:
        """The text of an operation; each field leads to its place."""
        text, parts, at = example.query, [], 0
        for start, end, where in sorted(example.links(self._schema)):
            parts += [escape(text[at:start]), f'<a href="#{where}">{text[start:end]}</a>']
            at = end
        return Markup("".join([*parts, escape(text[at:])]))  # noqa: S704 - escaped here

    def json(self, text: str) -> Markup:
        """JSON whose keys stand out from the values."""
        shown = re.sub(r"&quot;([^\n]*?)&quot;(?=: )", r"<b>&quot;\1&quot;</b>", escape(text))
        return Markup(shown)  # noqa: S704 - escaped here

    def _link(self, text: str) -> str:
        where = self._anchors.get(text)
        return f'<a href="#{escape(where)}">{escape(text)}</a>' if where else escape(text)


class _Linking(RendererHTML):
    """Markdown as HTML, with code that names a place of the reference leading there."""

    def __init__(self, link: Callable[[str], str]) -> None:
        super().__init__()
        self._link = link

    def code_inline(self, tokens: Sequence[Token], idx: int, options: Any, env: Any) -> str:  # noqa: ARG002
        """The rule of this name of the library."""
        return f"<code>{self._link(tokens[idx].content)}</code>"
