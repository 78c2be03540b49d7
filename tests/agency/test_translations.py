"""The catalogues: what is read from code and templates, and what is made of it."""

import gettext
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from agency import translations


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project with a French catalogue to be."""
    for folder in (*translations.SOURCES, "agency/locale/fr"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(translations, "LOCALE_DIR", tmp_path / "agency" / "locale")
    return tmp_path


def sentences(project: Path, *, template: str = "", python: str = "") -> dict[object, str | None]:
    """What is found in one template or module → its context."""
    (project / "templates" / "page.html").write_text(template)
    (project / "clients" / "views.py").write_text(python)
    found = translations.read_sources(project)
    return {message.id: message.context for message in found if message.id}


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ('{% translate "Orders" %}', "Orders"),
        ("{% translate 'It is \"here\"' %}", 'It is "here"'),
        ("""<a title="{% translate "It's fine" %}">""", "It's fine"),
        ('{% translate "Orders" as heading %}', "Orders"),
        ('{% trans "Orders" %}', "Orders"),
        ('{% translate "100% sure" %}', "100%% sure"),
        ('{{ _("Orders") }}', "Orders"),
        ('{{ row.name|default:_("nobody") }}', "nobody"),
        ('{% include "x.html" with label=_("Label of it") only %}', "Label of it"),
        ('{% if a == _("this one") %}', "this one"),
        ("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}", "Hello %(name)s"),
        (
            "{% blocktranslate trimmed with name=client.name|upper %}\n  Hello {{ name }},\n  you\n"
            "{% endblocktranslate %}",
            "Hello %(name)s, you",
        ),
        ("{% blocktranslate asvar text %}Kept{% endblocktranslate %}", "Kept"),
        ("{% blocktranslate %}“Quoted” – isn't it? 5%{% endblocktranslate %}", "“Quoted” – isn't it? 5%%"),
    ],
)
def test_a_template_is_read_as_django_reads_it(template: str, sentence: str, project: Path) -> None:
    around = "<p>\n      Don't (stop\n  {{ one }}]\n{# a comment #}\n        %s\n   it's</p>\n"
    assert sentences(project, template="{% load i18n %}" + around.replace("%s", template)) == {sentence: None}


def test_a_template_counts_and_gives_context(project: Path) -> None:
    template = """{% load i18n %}
      {% blocktranslate trimmed count n=rows|length with name=client.name context "list" %}
        One row of {{ name }}
      {% plural %}
        {{ n }} rows of {{ name }}
      {% endblocktranslate %}
    {% translate "Order" context "verb" %}"""
    assert sentences(project, template=template) == {
        ("One row of %(name)s", "%(n)s rows of %(name)s"): "list",
        "Order": "verb",
    }


def test_what_a_template_does_not_say_is_not_read(project: Path) -> None:
    template = """{% load i18n %}{% comment %}{% translate "not this" %}{% endcomment %}
      {# {% translate "nor this" %} #} {% translate variable %} Plain text, "quoted" """
    assert sentences(project, template=template) == {}


def test_python_is_read_with_every_function_of_gettext(project: Path) -> None:
    python = """
from django.utils.translation import gettext as _
def words(n):
    # Translators: who asked
    one = _("By %(name)s") % {"name": n}
    two = _(
        "In two "
        "lines"
    )
    return gettext("a"), gettext_lazy("b"), ngettext("c", "cs", n), ngettext_lazy("d", "ds", n), \\
        pgettext("verb", "e"), pgettext_lazy("noun", "f"), npgettext("verb", "g", "gs", n), other("h"), _(n)
"""
    assert sentences(project, python=python) == {
        "By %(name)s": None,
        "In two lines": None,
        "a": None,
        "b": None,
        ("c", "cs"): None,
        ("d", "ds"): None,
        "e": "verb",
        "f": "noun",
        ("g", "gs"): "verb",
    }
    found = translations.read_sources(project)["By %(name)s"]
    assert found.auto_comments == ["who asked"]
    assert [where for where, _line in found.locations] == ["clients/views.py"]


def test_a_catalogue_keeps_its_translations_and_loses_what_is_gone(project: Path) -> None:
    sentences(project, template='{% load i18n %}{% translate "Stays" %}{% translate "Goes" %}')
    catalogue = translations.update("fr", translations.read_sources(project))
    catalogue["Stays"].string, catalogue["Goes"].string = "Reste", "Part"
    translations.update("fr", translations.read_sources(project))
    write(project, catalogue)

    sentences(project, template='{% load i18n %}{% translate "Stays" %}{% translate "Stays too" %}')
    translations.update("fr", translations.read_sources(project))

    text = translations.catalogues()["fr"].read_text()
    assert 'msgid "Stays"\nmsgstr "Reste"' in text
    assert 'msgid "Stays too"\nmsgstr ""' in text
    assert "Goes" not in text
    assert "fuzzy" not in text


def test_a_second_run_changes_no_byte(project: Path) -> None:
    sentences(project, template='{% load i18n %}{% translate "B" %}{% translate "A" %}')
    files = [translations.catalogues()["fr"].with_suffix(suffix) for suffix in (".po", ".mo")]
    runs = []
    for _run in range(2):
        translations.update("fr", translations.read_sources(project))
        runs.append([file.read_bytes() for file in files])
    assert runs[0] == runs[1]
    assert runs[0][0].index(b'"A"') < runs[0][0].index(b'"B"')


def test_what_is_compiled_is_what_gettext_reads(project: Path) -> None:
    template = """{% load i18n %}{% blocktranslate count n=n %}{{ n }} row{% plural %}{{ n }} rows
      {% endblocktranslate %}{% translate "Order" context "verb" %}{% translate "Not yet" %}
      {% blocktranslate count n=n %}{{ n }} day{% plural %}{{ n }} days{% endblocktranslate %}"""
    sentences(project, template=template.replace("\n      ", ""))
    catalogue = translations.update("fr", translations.read_sources(project))
    catalogue["%(n)s row"].string = ("%(n)s ligne", "%(n)s lignes")
    catalogue.get("Order", context="verb").string = "Commander"  # type: ignore[union-attr]
    write(project, catalogue)
    translations.update("fr", translations.read_sources(project))

    with translations.catalogues()["fr"].with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.ngettext("%(n)s row", "%(n)s rows", 0) == "%(n)s ligne"
    assert compiled.ngettext("%(n)s row", "%(n)s rows", 2) == "%(n)s lignes"
    assert compiled.pgettext("verb", "Order") == "Commander"
    assert compiled.gettext("Not yet") == "Not yet"
    assert compiled.ngettext("%(n)s day", "%(n)s days", 2) == "%(n)s days"


def write(project: Path, catalogue: Catalog) -> None:
    """As a translator would: through the file."""
    translations.write("fr", catalogue)
    with translations.catalogues()["fr"].open("rb") as file:
        assert read_po(file, locale="fr").num_plurals == 2


@pytest.mark.parametrize("language", translations.catalogues())
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    expected = translations.compiled(language, translations.read_catalogue(language))
    assert sentences_of(translations.catalogues()[language].with_suffix(".mo").read_bytes()) == sentences_of(
        expected
    ), "Run `make messages`."


def sentences_of(compiled: bytes) -> dict[object, str]:
    """What gettext finds in a compiled catalogue."""
    found: dict[object, str] = vars(gettext.GNUTranslations(BytesIO(compiled)))["_catalog"]
    return {key: text for key, text in found.items() if key}  # without the header
