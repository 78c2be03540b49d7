"""Every component in every state, for those who draw the next page. Its words are samples and are not translated."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from agency.charts import bar_chart, largest, line_chart, sparkline
from agency.forms import DateInput, SearchForm
from agency.htmx import HtmxRequest
from agency.models import User
from agency.tables import Column, Tab, sort_of
from campaigns.ledger.reports import BudgetState
from campaigns.states import Pill
from clients.access import require_owner
from clients.models import Client

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a sample's clock: the page looks the same every day
DAY = date(2026, 11, 21)
COLUMNS = {"name": Column(("name",)), "views": Column(("views",), most_first=True)}

# Template in templates/styleguide, title, what it is for.
SAMPLES = (
    ("colours", "Text and clients", "tokens.css has every colour, for light and dark"),
    ("buttons", "Buttons", "one .go on a page; what it costs stands on it"),
    ("fields", "Forms", "label, field, help, error; one template draws every field"),
    ("pills", "States", "colour, word, and age or deadline; an unknown word is grey and as it came"),
    ("lists", "Lists", "search, chips, sorting, choosing, pages; all of it has an address"),
    ("tabs", "Tabs", "each with its count"),
    ("messages", "Messages and notes", "what happened, what was charged, what to do, what to copy"),
    ("progress", "Progress and budgets", "counted, never guessed"),
    ("figures", "Figures", "with their change; no data is a word, never a zero"),
    ("empty", "Empty lists", "nothing yet, filtered out, not allowed"),
    ("dialogs", "Dialogs and disclosure", "for what cannot be undone"),
    ("lines", "Lines", "a gap stays a gap; arrow keys read the figures"),
    ("bars", "Bars and sparks", "parts carry their number"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    name: str
    title: str
    about: str
    drawn: SafeString
    source: str


@require_safe
def styleguide(request: HtmxRequest) -> HttpResponse:
    """`?theme=` shows the page in another theme than the person's own, which stays as it is."""
    require_owner(request.user)
    if (theme := request.GET.get("theme")) in User.Theme:
        request.user.theme = theme  # type: ignore[assignment]
    told = context(request)
    samples = [Sample(name, title, about, *_drawn(name, told, request)) for name, title, about in SAMPLES]
    themes = [("As my device", "system"), ("Light", "light"), ("Dark", "dark")]
    trail = [("Settings", reverse("settings"))]
    page = {"samples": samples, "themes": themes, "trail": trail}
    return render(request, "styleguide/styleguide.html", page)


def _drawn(name: str, told: dict[str, Any], request: HttpRequest) -> tuple[SafeString, str]:
    template: Any = get_template(f"styleguide/{name}.html")
    return template.render(told, request), template.template.source.strip()


class SampleForm(forms.Form):
    name = forms.CharField(max_length=80)
    slug = forms.CharField(
        label="Short name", help_text="Begins every reference that we send.", required=False
    )
    notes = forms.CharField(widget=forms.Textarea(attrs={"rows": 2, "data-count": 80}), required=False)
    day = forms.DateField(
        label="Goes live", widget=DateInput({"min": "2026-11-24", "max": "2027-02-28"}), required=False
    )
    country = forms.ChoiceField(
        choices=[
            ("", "Choose a country"),
            ("DE", "Germany"),
            ("FR", "France"),
            ("UK", "United Kingdom"),
            ("USA", "United States"),
        ],
        widget=forms.Select(attrs={"data-country-picker": True}),
    )
    platform = forms.ChoiceField(choices=[("tiktok", "TikTok"), ("instagram", "Instagram")])
    colour = forms.CharField(widget=forms.TextInput(attrs={"type": "color"}), required=False)
    frozen = forms.CharField(label="Reference", disabled=True, required=False, help_text="It is in use.")
    is_advert = forms.BooleanField(label="Advertising", help_text="On for client work.", required=False)
    kind = forms.ChoiceField(
        choices=[("both", "Account and videos"), ("videos", "Videos only")], widget=forms.RadioSelect
    )


class SampleSearchForm(SearchForm):
    state = forms.ChoiceField(
        required=False, choices=[("", "All states"), ("review", "In review"), ("live", "Live")]
    )


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    tags: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    ref: str
    client: Client
    pill: Pill
    views: int | None


@dataclass(frozen=True, slots=True)
class Share:
    label: str
    credits: int
    start: int
    tone: str


@dataclass(frozen=True, slots=True)
class ShareBar:
    width: int
    shares: list[Share]


def context(request: HttpRequest) -> dict[str, Any]:
    """What the samples are drawn with. Nothing of it is in the database."""
    clients = [Client(pk=pk, name=name) for pk, name in ((1, "Acme"), (2, "Nordlys"), (3, "Lumen"))]
    form = SampleForm(
        {"name": "", "slug": "Not a short name!", "day": "2026-12-01", "platform": "tiktok", "kind": "both"},
        initial={"frozen": "acme-spring-2026"},
    )
    form.add_error("slug", "Use letters a to z, digits and hyphens.")
    form.add_error(None, "The order was not sent: one field is missing.")
    pills = _pills()
    search = SampleSearchForm(request.GET if "q" in request.GET else {"q": "acme", "state": "review"})
    rows = [
        Row("US · TikTok 03", "acme-spring-2026-usa-k3v9qp", clients[0], pills[2], 412_080),
        Row("FR · Instagram 01", "nordlys-autumn-fra-8x2mwd", clients[1], pills[4], 22_904),
        Row("DE · YouTube 02", "lumen-launch-deu-q7c4ha", clients[2], pills[-1], None),
    ]
    return {
        "clients": clients,
        "form": form,
        "day_presets": [("First possible day", date(2026, 11, 24)), ("In a week", date(2026, 12, 1))],
        "pills": pills,
        "now": NOW,
        "earlier": NOW - timedelta(minutes=12),
        "search": search,
        "here": reverse("styleguide"),
        "sort": sort_of(request, COLUMNS, usual="-views"),
        "rows": rows,
        "page": Paginator(range(132), 25).page(2),
        "tabs": [
            Tab("All", "?", 132, is_current=not request.GET),
            Tab("In review", "?state=review", 4, tone="wait"),
            Tab("Stopped", "?state=stopped", 1, tone="bad"),
            Tab("Settings", "?state=settings"),
        ],
        "said": [
            Message("Acme is saved.", "success"),
            Message("TokPortal charged 2 credits more than it quoted.", "warning"),
            Message("The order was refused. Nothing was charged.", "error"),
            Message("Reading the figures of 12 accounts.", "info"),
        ],
        "budgets": [BudgetState(900, 486), BudgetState(700, 812), BudgetState(None, 128)],
        **_charts(),
    }


def _pills() -> list[Pill]:
    return [
        Pill("To set up", "calm", "draft", since=NOW - timedelta(hours=2)),
        Pill("With manager", "info", "accepted", since=NOW - timedelta(days=1)),
        Pill("In review", "wait", "in_review", until=NOW + timedelta(hours=14)),
        Pill("Change asked", "bad", "pending_corrections", since=NOW - timedelta(days=2)),
        Pill("Live", "good", "finalized", since=NOW - timedelta(days=5)),
        Pill("Done", "good", "completed"),
        Pill("Stopped", "bad", "cancelled"),
        Pill("paused_by_platform", "calm", "paused_by_platform"),
    ]


def _charts() -> dict[str, Any]:
    days = [DAY - timedelta(days=back) for back in range(59, -1, -1)]
    views: dict[date, int | None] = {day: 90_000 + n * n * 97 for n, day in enumerate(days)}
    views |= dict.fromkeys(days[20:26])
    views |= dict.fromkeys((days[40], days[42]))
    credits: dict[str, list[int | None]] = {
        "Acme": [310, 386, 402, 290, 455, 486],
        "Nordlys": [120, None, 240, 388, 410, 612],
        "Lumen": [None, None, None, 90, 122, 128],
        "Tidal": [60, 52, 38, 76, 90, 38],
        "Osprey": [38, 38, 76, 38, 38, 76],
        "Birch": [2, 4, 38, 2, None, 12],
        "Fjord": [10, None, 20, 10, 4, 8],
    }
    return {
        "one_line": line_chart({"Views": views}),
        "three_lines": line_chart(
            {
                "Acme": views,
                "Nordlys": {day: 60_000 + n * 3_100 for n, day in enumerate(days)},
                "Lumen": {day: 22_904 + (n % 7) * 900 for n, day in enumerate(days) if n > 30},
            }
        ),
        "columns": bar_chart(
            ["Jun 2026", "Jul 2026", "Aug 2026", "Sep 2026", "Oct 2026", "Nov 2026"],
            largest(credits, "Other clients"),
        ),
        "share": ShareBar(
            5000,
            [
                Share("Clients", 2600, 0, "fill"),
                Share("Shared", 400, 2600, "calm"),
                Share("Unassigned", 75, 3000, "bad"),
                Share("Left", 1925, 3075, "good"),
            ],
        ),
        "spark": sparkline({day: views[day] for day in days[15:]}),
    }
