"""The reference holds the whole contract, its links lead somewhere, and its examples are answers of this contract."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from graphql import execute_sync

from aperture.reference.examples import Example, examples
from aperture.reference.page import render
from aperture.reference.words import CODES, notes
from schema.contract import Contract, contract

ROOT = Path(__file__).parents[2]
EXAMPLES = list(examples())

SMALL = Contract.read(
    '''
# Small: a contract for tests.
#
# How to read this file
#   - Slowly.

# ---
# Directives
# ---
directive @auth(requires: AuthLevel! = VIEWER) on FIELD_DEFINITION | OBJECT
directive @constraint(minLength: Int, maxLength: Int, min: Float, max: Float) on ARGUMENT_DEFINITION
directive @rateLimit(limit: Int!, window: Int!, scope: String! = "VIEWER") repeatable on FIELD_DEFINITION
enum AuthLevel { ACCOUNT VIEWER }
# ---
# Entry points
# ---
type Query {
  # Things
  """Gives *this* <b>thing</b>, see `Thing.name`."""
  thing(name: String = "<i>" @constraint(maxLength: 1000)): Thing @rateLimit(limit: 1000, window: 300)
  old: Thing @deprecated(reason: "Use `Query.thing`.") @auth
}
type Mutation { do(input: DoInput!): Thing @auth(requires: ACCOUNT) }
input DoInput { idempotencyKey: String, id: ID! }
# ---
# Things
# ---
type Thing { name: String }
'''.lstrip()
)


class Links(HTMLParser):
    """Every `id` of a page, and every place its links lead to."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: set[str] = set()
        self.feed(page)

    def handle_starttag(self, _: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name == "href" and value and value.startswith("#"):
                self.targets.add(value[1:])


def page_of(written: Contract) -> str:
    shown = EXAMPLES if written is contract() else []
    return render(written, shown, name="Aperture", address="http://aperture.test/graphql", has_graphiql=True)


@pytest.fixture(scope="module")
def links() -> Links:
    return Links(page_of(contract()))


def test_every_type_member_and_directive_has_a_place(links: Links) -> None:
    written = {where for where, part in contract().places() if "(" not in where and not where.startswith("__")}
    builtin = {"String", "Int", "Float", "Boolean", "ID"}

    assert written - builtin - set(links.ids) == set()
    assert {"@auth", "@rateLimit"} <= set(links.ids)


def test_every_link_leads_to_one_place(links: Links) -> None:
    assert links.targets - set(links.ids) == set()
    assert len(links.ids) == len(set(links.ids))


def test_descriptions_are_markdown_without_html() -> None:
    page = page_of(SMALL)

    assert '<em>this</em> &lt;b&gt;thing&lt;/b&gt;, see <code><a href="#Thing.name">Thing.name</a></code>' in page
    assert "= &#34;&lt;i&gt;&#34;" in page


def test_directives_are_told_in_words() -> None:
    said = [note.text for each in SMALL.all_applied() for note in notes([each])]

    assert said == ["1,000 in 5 minutes", "at most 1,000 characters", "signed in", "any account"]


def test_the_errors_of_an_operation_follow_from_its_directives() -> None:
    page = page_of(SMALL)
    told = re.findall(r"Errors to expect: (.*?)</p>", page)

    assert [re.findall(r"<code>(\w+)</code>", each) for each in told] == [
        ["RATE_LIMITED", "BAD_USER_INPUT"],
        ["UNAUTHENTICATED", "FORBIDDEN"],
        ["UNAUTHENTICATED", "IDEMPOTENCY_MISMATCH", "NOT_FOUND"],
    ]


def test_every_code_of_the_transport_is_explained() -> None:
    rooms = ("aperture", "core", "schema", "services", "resolvers", "subscriptions", "loaders")
    sources = [path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py")]
    named = {code for source in sources for code in re.findall(r'ApiError\(\s*"([A-Z_]+)"', source)}

    assert named - CODES.keys() == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_answer_of_an_example_is_one_of_this_contract(example: Example) -> None:
    assert example.answer is not None
    data = json.loads(example.answer)["data"]

    again = execute_sync(
        contract().schema, example.document, data, variable_values=json.loads(example.variables or "{}")
    )

    assert again.errors is None
    assert again.data == data


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_every_field_of_an_example_is_a_link(example: Example) -> None:
    found = example.links(contract().schema)

    assert found
    assert all(example.query[start:end] == where.partition(".")[2] for start, end, where in found)
