"""Every string that a person reads goes through gettext, and every one of them is there in every language."""

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from django.template.base import Lexer, Token, TokenType

from agency import translations
from agency.environment import BASE_DIR

TEMPLATES = [
    path
    for path in sorted((BASE_DIR / "templates").rglob("*.html"))
    if path.parent.name != "styleguide"  # samples, for those who build pages
]
MODULES = [
    path
    for folder in ("agency", "campaigns", "clients")
    for path in sorted((BASE_DIR / folder).rglob("*.py"))
    # Spoken to machines, to whoever runs the thing, or made up for the demo.
    if not {"sandbox", "sample", "embedded", "management", "migrations", "tokportal"} & set(path.parts)
    and path.name != "styleguide.py"
]

# Names and signs that are the same in every language.
SAME_EVERYWHERE = {
    "API",
    "CSV",
    "Ctrl",
    "Enter",
    "Esc",
    "HTTP",
    "ID",
    "IG",
    "Instagram",
    "JSON",
    "K",
    "TikTok",
    "TokPortal",
    "URL",
    "UTC",
    "YouTube",
}
WORD = re.compile(r"[^\W\d_]+")
# Attributes that are read to people, or shown to them.
SPOKEN = {"alt", "aria-description", "aria-label", "aria-roledescription", "aria-valuetext", "data-confirm"}
SPOKEN |= {"hx-confirm", "label", "placeholder", "title"}
# Words that a script shows.
SPOKEN |= {"data-before", "data-close-word", "data-done", "data-empty", "data-label", "data-many"}
SPOKEN |= {"data-one", "data-otherwise"}
SPOKEN |= {"data-said", "data-says", "data-trouble"}
STRING = r"""(?:"([^"]*)"|'([^']*)')"""
# Filters whose argument is shown.
SHOWN_ARGUMENT = re.compile(r"\|(?:default|default_if_none|yesno|join|pluralize):" + STRING)
PLURALIZE = re.compile(r"\|pluralize\b")
GIVEN = re.compile(r"(?<!_\()\b\w+=" + STRING)  # to an include or a `with`
PLACEHOLDER = re.compile(r"%\((\w+)\)")


def words_of(text: str) -> list[str]:
    return [word for word in WORD.findall(text) if word not in SAME_EVERYWHERE]


class Page(HTMLParser):
    """The words of a page that stand in it as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.bare: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.silent += tag in ("script", "style")
        spoken = set(SPOKEN)
        if tag == "input" and ("type", "submit") in attrs:
            spoken.add("value")
        self.bare += [
            f'{name}="{value}"' for name, value in attrs if name in spoken and words_of(value or "")
        ]

    def handle_endtag(self, tag: str) -> None:
        self.silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.silent and words_of(data):
            self.bare.append(" ".join(data.split()))


def attribute_at(text: str) -> str | None:
    """The attribute whose value is open at the end of this text; "" in a tag outside of one, None between tags."""
    tag = text[text.rfind("<") :]
    if "<" not in text or ">" in tag:
        return None
    open_value = re.search(r"""([\w-]+)=(?:"[^"]*|'[^']*)$""", tag)
    return open_value[1] if open_value else ""


def said_by(token: Token, attribute: str | None) -> Iterator[str]:
    """Words that a tag or a variable shows without asking gettext."""
    contents = re.sub(r"""_\((?:"[^"]*"|'[^']*')\)""", "", token.contents)
    if attribute is None or attribute in SPOKEN:
        if PLURALIZE.search(contents):
            yield contents
        if any(words_of(match[1] or match[2] or "") for match in SHOWN_ARGUMENT.finditer(contents)):
            yield contents
    if contents.split(" ", 1)[0] in ("include", "with"):
        given = [match[1] or match[2] or "" for match in GIVEN.finditer(contents)]
        # Names of tones, icons and partials are one word in small letters.
        if any(words_of(text) and (" " in text.strip() or text[0].isupper()) for text in given):
            yield contents


def bare_words(template: str) -> list[str]:
    """What a person would read in this template that no translator was asked for."""
    page, found = Page(), []
    closing = ""  # the tag that ends what is left out
    text = ""
    for token in Lexer(template).tokenize():
        name, _, rest = token.contents.partition(" ") if token.token_type == TokenType.BLOCK else ("", "", "")
        if closing:
            closing = "" if name == closing else closing
        elif name in ("blocktranslate", "blocktrans", "comment") or (name, rest) == ("block", "page_class"):
            closing = f"end{name}"
        elif token.token_type == TokenType.TEXT:
            text += token.contents
        elif token.token_type != TokenType.COMMENT:
            found += said_by(token, attribute_at(text))
    page.feed(text)
    page.close()
    return page.bare + found


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>{{ name }} · 3 – TokPortal</p>", []),
        ("<p>Orders</p>", ["Orders"]),
        ('<p>{% translate "Orders" %}{# a word #}{% comment %}Words{% endcomment %}</p>', []),
        ("{% blocktranslate %}{{ n }} of <b>them</b>{% endblocktranslate %} left", ["left"]),
        ('<a title="Open {{ name }}" class="button" href="/x">', ['title="Open "']),
        ('<a title="{% translate "Open" %}" data-confirm="Really?">', ['data-confirm="Really?"']),
        ('<a {% if x %}class="wide"{% endif %}>{{ name|default:"nobody" }}</a>', ['name|default:"nobody"']),
        ('{{ name|default:_("nobody") }}{{ name|default:"–" }}', []),
        ("{{ n }} {{ n|pluralize }}", ["n|pluralize"]),
        ('<i class="{{ tone|default:"quiet" }}" dir="{{ is_rtl|yesno:"rtl,ltr" }}">', []),
        ('<i title="{{ name|default:"nobody" }}">', ['name|default:"nobody"']),
        ("{% block page_class %}narrow{% endblock %}{% block title %}Orders{% endblock %}", ["Orders"]),
        (
            '{% include "a/b.html" with tone="bad" label="Two words" %}',
            ['include "a/b.html" with tone="bad" label="Two words"'],
        ),
        ('{% include "a/b.html" with tone="bad" label=_("Two words") only %}', []),
    ],
)
def test_the_reader_of_templates_finds_bare_words(template: str, found: list[str]) -> None:
    assert bare_words(template) == found


@pytest.mark.parametrize(
    "path", TEMPLATES, ids=lambda path: path.relative_to(BASE_DIR / "templates").as_posix()
)
def test_no_template_says_a_word_without_gettext(path: Path) -> None:
    assert bare_words(path.read_text()) == []


SPOKEN_KEYWORDS = {
    "label",
    "help_text",
    "empty_label",
    "verbose_name",
    "verbose_name_plural",
    "invalid_choice",
    "required",
}
SPEAKING_CALLS = {"success", "info", "warning", "error", "ValidationError", "add_error"}


def is_bare(node: ast.expr) -> bool:
    """A sentence that stands as it is: a literal, an f-string, or pieces put together."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.Constant) and words_of(str(part.value)) for part in node.values)
    if isinstance(node, ast.BinOp):
        return is_bare(node.left) or (isinstance(node.op, ast.Add) and is_bare(node.right))
    if isinstance(node, ast.IfExp):
        return is_bare(node.body) or is_bare(node.orelse)
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(words_of(node.value))


def bare_sentences(module: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(module)):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            of = getattr(function.value, "id", "") if isinstance(function, ast.Attribute) else ""
            speaks = name in SPEAKING_CALLS and (
                of in ("messages", "form", "self", "forms", "") or name == "ValidationError"
            )
            arguments = (
                []
                if not speaks or of == "logger"
                else node.args[1:]
                if name not in ("ValidationError",)
                else node.args
            )
            arguments += [keyword.value for keyword in node.keywords if keyword.arg in SPOKEN_KEYWORDS]
            found += [ast.unparse(node) for argument in arguments if is_bare(argument)]
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Attribute) and base.attr == "TextChoices" for base in node.bases
        ):
            for line in node.body:
                if (
                    isinstance(line, ast.Assign)
                    and isinstance(line.value, ast.Tuple)
                    and is_bare(line.value.elts[1])
                ):
                    found.append(ast.unparse(line))
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(BASE_DIR).as_posix())
def test_no_label_or_message_of_the_code_goes_without_gettext(path: Path) -> None:
    assert bare_sentences(path.read_text()) == []


@pytest.fixture(scope="module")
def sources() -> Catalog:
    return translations.read_sources()


def of(catalogue: Catalog) -> dict[tuple[object, str | None], Message]:
    return {(message.id, message.context): message for message in catalogue if message.id}


LANGUAGES = sorted(translations.catalogues())


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_has_what_the_code_says_and_no_more(language: str, sources: Catalog) -> None:
    catalogue = translations.read_catalogue(language)
    assert of(catalogue).keys() == of(sources).keys(), "Run `make messages`."
    assert not catalogue.obsolete


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_has_a_translation_in_all_its_forms(language: str) -> None:
    catalogue = translations.read_catalogue(language)
    missing = [message.id for message in of(catalogue).values() if not translations.is_translated(message)]
    assert missing == []
    unsure = [message.id for message in of(catalogue).values() if message.fuzzy]
    assert unsure == []
    plurals = [message for message in of(catalogue).values() if message.pluralizable]
    assert {len(message.string) for message in plurals} <= {catalogue.num_plurals}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_has_the_places_of_its_sentence(language: str) -> None:
    """The first form may leave the count out: "one row"."""
    wrong = []
    for message in of(translations.read_catalogue(language)).values():
        if not translations.is_translated(message):
            continue
        sentences = [message.id] if isinstance(message.id, str) else message.id
        forms = [message.string] if isinstance(message.string, str) else message.string
        wanted = set(PLACEHOLDER.findall(sentences[-1]))
        for number, form in enumerate(forms):
            least = set(PLACEHOLDER.findall(sentences[0])) & wanted if number == 0 else wanted
            if not least <= set(PLACEHOLDER.findall(form)) <= wanted:
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_keeps_the_markup_of_its_sentence(language: str) -> None:
    tags = re.compile(r"</?[a-z]+[^>]*>")
    wrong = []
    for message in of(translations.read_catalogue(language)).values():
        sentence = message.id if isinstance(message.id, str) else message.id[-1]
        for form in [message.string] if isinstance(message.string, str) else message.string:
            if form and sorted(tags.findall(form)) != sorted(tags.findall(sentence)):
                wrong.append((message.id, form))
    assert wrong == []
