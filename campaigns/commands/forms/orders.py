"""The order of a bundle ("Create Bundle"): its fields, and the rules to check before TokPortal is asked."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agency.countries import by_name
from agency.models import Connection
from agency.tokportal import CreditCosts, normalise_country
from campaigns.commands.forms.buttons import PricedForm
from campaigns.models import Bundle, Campaign, SavedAccount

SLOTS_MAX = 500
TITLE_MAX = 200
TERMS_STEP, TERMS_MAX = 3, 30  # a multiple of the one, at most the other
TERM_MIN, TERM_MAX = 2, 50  # characters
UNSOLD = gettext_lazy("TokPortal’s price list has no price for it, so it is not sold today.")
UNREAD = gettext_lazy("The price list has not been read from TokPortal yet.")

WARMINGS = (
    ("none", gettext_lazy("No warming")),
    ("advanced", gettext_lazy("Advanced warming")),
    ("niche", gettext_lazy("Niche warming")),
    ("deep", gettext_lazy("Deep warming")),
)
# Body field of the API → field of this form, where the names differ.
FORM_FIELDS: Mapping[str, str] = {
    "wants_niche_warming": "warming",
    "wants_deep_warming": "warming",
    "wants_advanced_warming": "warming",
    "saved_account_id": "account_id",
    "videos": "videos_quantity",
}


class SomeClosed:
    """A choice widget some of whose choices are disabled. `closed`: choice → why."""

    closed: Mapping[str, str]

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)  # type: ignore[misc]
        reason = self.closed.get(str(value))
        if reason:
            option["attrs"] |= {"disabled": True, "title": reason}
            option["reason"] = reason
        return option


class SomeClosedRadio(SomeClosed, forms.RadioSelect):
    closed = {}
    option_template_name = "commands/closed_option.html"


class CountryField(forms.ChoiceField):
    """Either form of a code is taken: US is USA, GB is UK."""

    def to_python(self, value: Any) -> str:
        return normalise_country(value)


class BundleOrderForm(PricedForm):
    bundle_type = forms.ChoiceField(
        label=gettext_lazy("What to order"),
        choices=[
            (Bundle.Type.ACCOUNT_AND_VIDEOS, gettext_lazy("A new account with videos")),
            (Bundle.Type.ACCOUNT_ONLY, gettext_lazy("A new account only")),
            (Bundle.Type.VIDEOS_ONLY, gettext_lazy("Videos on an account you have")),
        ],
        widget=forms.RadioSelect,
        initial=Bundle.Type.ACCOUNT_AND_VIDEOS,
    )
    platform = forms.ChoiceField(
        label=gettext_lazy("Platform"),
        widget=SomeClosedRadio,
        error_messages={"required": gettext_lazy("Choose a platform.")},
    )
    country = CountryField(
        label=gettext_lazy("Country"),
        widget=forms.Select(attrs={"data-country-picker": True}),
        error_messages={"required": gettext_lazy("Choose a country that is open for new accounts.")},
    )
    account_id = forms.ModelChoiceField(
        SavedAccount.objects.none(),
        label=gettext_lazy("Account"),
        empty_label=gettext_lazy("Choose an account"),
        error_messages={"required": gettext_lazy("Choose the account that the videos are for.")},
    )
    videos_quantity = forms.IntegerField(
        label=gettext_lazy("Videos"),
        initial=5,
        error_messages={"required": gettext_lazy("Say how many videos.")},
    )
    edits_quantity = forms.IntegerField(
        label=gettext_lazy("Edited by TokPortal"),
        required=False,
        initial=0,
        help_text=gettext_lazy("How many of the videos."),
    )
    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        help_text=format_lazy(gettext_lazy("For you; at most {most} characters."), most=TITLE_MAX),
    )
    warming = forms.ChoiceField(
        label=gettext_lazy("Warming"),
        choices=WARMINGS,
        widget=SomeClosedRadio,
        initial="none",
        help_text=gettext_lazy("The manager uses the new account for a while before it posts."),
    )
    advanced_warming_terms = forms.CharField(
        label=gettext_lazy("Search terms"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One a line: 3, 6, 9 … up to 30, each of 2 to 50 characters, all different."),
    )
    advanced_warming_terms_count = forms.IntegerField(
        label=gettext_lazy("Or only how many terms"),
        required=False,
        help_text=gettext_lazy("The terms are then given later."),
    )
    niche_warming_instructions = forms.CharField(
        label=gettext_lazy("Instructions for warming"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    wants_moderation = forms.BooleanField(label=gettext_lazy("Content moderation"), required=False)
    moderation_notice = forms.CharField(
        label=gettext_lazy("Notice for the moderators"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    auto_finalize_videos = forms.BooleanField(
        label=gettext_lazy("Accept videos without a review"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Without it you have 72 hours to ask for corrections of each posted video."),
    )

    def __init__(self, *args: Any, campaign: Campaign, connection: Connection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.campaign = campaign
        self.account: SavedAccount | None = None  # that the videos are for, once it is chosen
        self.prices = CreditCosts.from_json(connection.prices) if connection.prices else None
        self.countries_open = {row["code"] for row in connection.countries if not row.get("videos_only")}
        field: Any = self.fields["account_id"]
        field.queryset = SavedAccount.objects.filter(
            connection=connection, campaign__client=campaign.client, is_banned=False
        ).order_by("username")
        field.label_from_instance = lambda account: f"{account} · {account.platform} · {account.country}"
        self._offer_markets(connection)
        self._close_what_is_not_sold()

    def _offer_markets(self, connection: Connection) -> None:
        """The campaign's own markets first; a platform that is not open is shown, and disabled."""
        markets = list(self.campaign.markets.order_by("pk"))
        names = {
            row["code"]: row.get("name", "") for row in connection.countries if not row.get("videos_only")
        }
        own = {market.country for market in markets} & set(names)
        listed = by_name(names)
        groups = [("", _("Choose a country"))]
        if own:
            groups.append((_("This campaign"), [(code, name) for code, name in listed if code in own]))  # type: ignore[arg-type]
        groups.append((_("Other countries"), [(code, name) for code, name in listed if code not in own]))  # type: ignore[arg-type]
        country: Any = self.fields["country"]
        country.choices = (
            groups if names else [("", _("The list of countries has not been read from TokPortal yet."))]
        )
        platform: Any = self.fields["platform"]
        platform.choices = [(row["value"], row.get("name") or row["value"]) for row in connection.platforms]
        platform.widget.closed = {
            row["value"]: _("not yet")
            for row in connection.platforms
            if row["value"] == "youtube" or row.get("enabled") is False
        }
        wanted = [market.platform for market in markets] + [value for value, _name in platform.choices]
        self.fields["platform"].initial = next(
            (value for value in wanted if value not in platform.widget.closed), ""
        )
        self.fields["country"].initial = next(
            (market.country for market in markets if market.country in own), ""
        )

    def _close_what_is_not_sold(self) -> None:
        closed = {
            choice: reason
            for choice in ("advanced", "niche", "deep")
            if (reason := self._why_closed(f"{choice}_warming"))
        }
        warming: Any = self.fields["warming"]
        warming.widget.closed = closed
        for name, choice in (
            ("advanced_warming_terms", "advanced"),
            ("advanced_warming_terms_count", "advanced"),
            ("niche_warming_instructions", "niche"),
        ):
            self.fields[name].disabled = choice in closed
        for price, names in (
            ("video_edit", ["edits_quantity"]),
            ("moderation", ["wants_moderation", "moderation_notice"]),
        ):
            if reason := self._why_closed(price):
                for name in names:
                    self.fields[name].disabled = True
                    self.fields[name].initial = None
                self.fields[names[0]].help_text = reason

    def _why_closed(self, price: str) -> str:
        if self.prices is None:
            return str(UNREAD)
        return "" if self.prices.has(price) else str(UNSOLD)

    @property
    def is_new_account(self) -> bool:
        return self.cleaned_data.get("bundle_type") != Bundle.Type.VIDEOS_ONLY

    @property
    def has_videos(self) -> bool:
        return self.cleaned_data.get("bundle_type") != Bundle.Type.ACCOUNT_ONLY

    def clean(self) -> None:
        super().clean()
        if "bundle_type" in self.errors:
            return
        if self.is_new_account:
            self._forget("account_id")
            self._check_market()
            self._check_warming()
        else:
            self._forget("platform", "country", "warming", *WARMING_DETAILS)
            self.account = self.cleaned_data.get("account_id")
        if self.has_videos:
            self._check_quantities()
        else:
            self._forget("videos_quantity", "edits_quantity")
        if len(self.cleaned_data.get("title") or "") > TITLE_MAX:
            self._complain("title", _("At most %(most)s characters.") % {"most": TITLE_MAX})

    def _check_market(self) -> None:
        platform: Any = self.fields["platform"]
        if self.cleaned_data.get("platform") in platform.widget.closed:
            self._complain("platform", _("This platform cannot be ordered yet. Choose another one."))

    def _check_quantities(self) -> None:
        videos, edits = self.cleaned_data.get("videos_quantity"), self.cleaned_data.get("edits_quantity") or 0
        if videos is None:
            return
        if not 1 <= videos <= SLOTS_MAX:
            self._complain("videos_quantity", _("From 1 to %(most)s videos.") % {"most": SLOTS_MAX})
        if edits < 0:
            self._complain("edits_quantity", _("Not fewer than none."))
        elif edits > videos >= 1:
            at_most = _("At most one edit for each video: %(videos)s or fewer.") % {"videos": videos}
            self._complain("edits_quantity", at_most)

    def _check_warming(self) -> None:
        """Only one kind; deep for Instagram; niche with instructions; advanced with terms or their number."""
        warming = self.cleaned_data.get("warming")
        widget: Any = self.fields["warming"].widget
        if warming in widget.closed:
            self._complain("warming", widget.closed[warming])
        if warming == "deep" and self.cleaned_data.get("platform") != "instagram":
            self._complain("warming", _("Deep warming exists for Instagram only."))
        if warming == "niche" and not self.cleaned_data.get("niche_warming_instructions"):
            self._complain("niche_warming_instructions", _("Say what the account should look at and follow."))
        if warming == "advanced":
            self._check_terms()

    def _check_terms(self) -> None:
        terms, count = self.terms(), self.cleaned_data.get("advanced_warming_terms_count")
        if not terms and count is None:
            self._complain(
                "advanced_warming_terms", _("Give the search terms, or say how many there will be.")
            )
        if terms:
            for problem in wrong_terms(terms):
                self._complain("advanced_warming_terms", problem)
            if count is not None and count != len(terms):
                given = ngettext(
                    "There is %(count)s term. Give the same number, or none.",
                    "There are %(count)s terms. Give the same number, or none.",
                    len(terms),
                )
                self._complain("advanced_warming_terms_count", given % {"count": len(terms)})
        elif count is not None and not is_term_count(count):
            self._complain(
                "advanced_warming_terms_count", _("3, 6, 9 … up to %(most)s.") % {"most": TERMS_MAX}
            )

    def terms(self) -> list[str]:
        lines = re.split(r"[\n,;]", self.cleaned_data.get("advanced_warming_terms") or "")
        return [term for line in lines if (term := " ".join(line.split()))]

    def body(self) -> dict[str, Any]:
        """The request without a reference: every order gets one of its own."""
        given = self.cleaned_data
        body: dict[str, Any] = {
            "bundle_type": given["bundle_type"],
            "auto_finalize_videos": given["auto_finalize_videos"],
        }
        if self.is_new_account:
            body |= {"platform": given["platform"], "country": given["country"], **self._warming()}
        else:
            body["account_id"] = given["account_id"].upstream_id
        if self.has_videos:
            body |= {
                "videos_quantity": given["videos_quantity"],
                "edits_quantity": given["edits_quantity"] or 0,
            }
        if given.get("title"):
            body["title"] = given["title"]
        if given.get("wants_moderation"):
            body["wants_moderation"] = True
            if given.get("moderation_notice"):
                body["moderation_notice"] = given["moderation_notice"]
        return body

    def _warming(self) -> dict[str, Any]:
        warming = self.cleaned_data.get("warming")
        if warming == "niche":
            instructions = self.cleaned_data["niche_warming_instructions"]
            return {"wants_niche_warming": True, "niche_warming_instructions": instructions}
        if warming == "deep":
            return {"wants_deep_warming": True}
        if warming == "advanced":
            terms = self.terms()
            count = self.cleaned_data["advanced_warming_terms_count"]
            given = {"advanced_warming_terms": terms} if terms else {"advanced_warming_terms_count": count}
            return {"wants_advanced_warming": True, **given}
        return {}

    def refuse(self, refusals: Mapping[str, list[str]]) -> None:
        """Show TokPortal's refusals at the fields that they are about, the rest above the form."""
        for name, sentences in refusals.items():
            field = FORM_FIELDS.get(name, name)
            known = field in self.fields and field not in ("key", "quote")
            for sentence in sentences:
                if known:
                    self._complain(field, sentence)
                else:
                    named = _("%(field)s: %(reason)s") % {"field": name, "reason": sentence}
                    self.add_error(None, named if name else sentence)

    def problems(self) -> list[tuple[str, str]]:
        """Label of the field and sentence, for where the fields themselves are out of sight."""
        return [
            (str(self.fields[name].label or self[name].label) if name in self.fields else "", str(sentence))
            for name, sentences in self.errors.items()
            for sentence in sentences
        ]

    def _complain(self, name: str, sentence: str) -> None:
        if sentence not in self.errors.get(name, []):
            self.add_error(name, sentence)

    def _forget(self, *names: str) -> None:
        """What this kind of order does not have is neither checked nor sent, whatever was typed."""
        for name in names:
            self.errors.pop(name, None)
            self.cleaned_data[name] = None


WARMING_DETAILS = ("advanced_warming_terms", "advanced_warming_terms_count", "niche_warming_instructions")


def is_term_count(count: int) -> bool:
    return TERMS_STEP <= count <= TERMS_MAX and count % TERMS_STEP == 0


def wrong_terms(terms: list[str]) -> list[str]:
    """Why these search terms would be refused, in words; empty = they are taken."""
    found = []
    if not is_term_count(len(terms)):
        count = ngettext(
            "There is %(count)s term. Give 3, 6, 9 … up to %(most)s.",
            "There are %(count)s terms. Give 3, 6, 9 … up to %(most)s.",
            len(terms),
        )
        found.append(count % {"count": len(terms), "most": TERMS_MAX})
    wrong = [term for term in terms if not TERM_MIN <= len(term) <= TERM_MAX]
    if wrong:
        length = _("Each term has %(least)s to %(most)s characters, unlike: %(terms)s.")
        found.append(length % {"least": TERM_MIN, "most": TERM_MAX, "terms": ", ".join(wrong)[:200]})
    seen: set[str] = set()
    twice = {term for term in terms if term.casefold() in seen or seen.add(term.casefold())}  # type: ignore[func-returns-value]
    if twice:
        found.append(_("Twice in the list: %(terms)s.") % {"terms": ", ".join(sorted(twice))})
    return found


def initial_from(body: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values for ordering again what an earlier request asked for, but for the account."""
    warming = next(
        (name for name in ("advanced", "niche", "deep") if body.get(f"wants_{name}_warming")), "none"
    )
    names = (*BundleOrderForm.base_fields,)
    kept = {name: value for name, value in body.items() if name in names and name != "account_id"}
    terms = body.get("advanced_warming_terms")
    return kept | {"warming": warming} | ({"advanced_warming_terms": "\n".join(terms)} if terms else {})
