"""Text of the credits pages → clean values."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.db.models import Exists, OuterRef
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agency.formats import number
from agency.forms import SearchForm, offer
from campaigns.credits.reports import found_by
from campaigns.ledger.actions import Part, WrongAllocation
from campaigns.ledger.models import Allocation, CreditEntry, CreditEntryQuerySet
from campaigns.ledger.months import Month
from campaigns.models import Bundle, Campaign
from clients.models import Client

Owner = Allocation.Owner
MOST_PARTS = 20
NOBODY_IN_PARTICULAR: Mapping[str, Promise] = {
    "shared": _("Shared by all clients"),
    "agency": _("The agency's own cost"),
    "pool": _("The pool itself"),
}


class EntrySearchForm(SearchForm):
    """Filters of the unassigned list: text, type, month, size."""

    type = forms.ChoiceField(required=False, label=_("Type"))
    month = forms.ChoiceField(required=False, label=_("Month"))
    at_least = forms.IntegerField(
        required=False,
        min_value=1,
        label=_("At least"),
        widget=forms.NumberInput(attrs={"placeholder": _("Credits from")}),
    )

    def __init__(self, *args: Any, types: list[str], months: list[Month], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offer(self, "type", [("", _("All types")), *((type, type) for type in types)])
        offer(self, "month", [("", _("All months")), *((str(month), month.name) for month in months)])

    def narrow(self, entries: CreditEntryQuerySet) -> CreditEntryQuerySet:
        wanted = self.filters()
        if written := wanted.get("month"):
            month = Month.read(written)
            entries = entries.filter(created_at__gte=month.begins_at, created_at__lt=month.ends_at)
        if type := wanted.get("type"):
            entries = entries.filter(type=type)
        if at_least := wanted.get("at_least"):
            entries = entries.exclude(amount__gt=-at_least, amount__lt=at_least)
        if words := wanted.get("q"):
            entries = found_by(entries, words)
        return entries


class LedgerSearchForm(EntrySearchForm):
    """Filters of the whole ledger: also by owner."""

    whose = forms.ChoiceField(required=False, label=_("Owner"))
    field_order = ("q", "whose", "type", "month", "at_least")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clients = [
            (f"client:{pk}", name) for pk, name in Client.objects.order_by("name").values_list("pk", "name")
        ]
        offer(
            self,
            "whose",
            [
                ("", _("All owners")),
                ("unassigned", _("Unassigned")),
                *NOBODY_IN_PARTICULAR.items(),
                (_("Clients"), clients),
            ],
        )

    def narrow(self, entries: CreditEntryQuerySet) -> CreditEntryQuerySet:
        entries = super().narrow(entries)
        whose = self.filters().get("whose", "")
        if not whose:
            return entries
        if whose == "unassigned":
            return entries.unassigned()
        standing = Allocation.objects.standing().filter(entry=OuterRef("pk"))
        if whose.startswith("client:"):
            return entries.filter(Exists(standing.filter(client=int(whose.removeprefix("client:")))))
        return entries.filter(Exists(standing.filter(owner=whose)))


class WhoseForm(forms.Form):
    """An owner as people write it."""

    whose = forms.CharField(
        required=False,
        max_length=120,
        label=_("Whose"),
        help_text=_("A client, or client/campaign, or: shared, agency, pool."),
        widget=forms.TextInput(
            attrs={"list": "owners", "autocomplete": "off", "placeholder": "acme/spring-2026"}
        ),
    )

    def clean_whose(self) -> tuple[str, Client | None, Campaign | None] | None:
        name = self.cleaned_data["whose"].strip().lower()
        if not name:
            return None
        if name in NOBODY_IN_PARTICULAR:
            return name, None, None
        slug, _slash, campaign_slug = name.partition("/")
        client = Client.objects.filter(slug=slug).first()
        if client is None:
            raise forms.ValidationError(_("There is no such client. Take one from the list."))
        if not campaign_slug:
            return Owner.CLIENT, client, None
        campaign = client.campaigns.filter(slug=campaign_slug).first()
        if campaign is None:
            raise forms.ValidationError(_("%(client)s has no such campaign.") % {"client": client})
        return Owner.CLIENT, client, campaign


class PartForm(WhoseForm):
    """One owner of an entry, and how much of it."""

    bundle = forms.CharField(
        required=False,
        max_length=200,
        label=_("Bundle"),
        help_text=_("Its reference. The owner follows from it."),
        widget=forms.TextInput(attrs={"list": "bundles", "autocomplete": "off"}),
    )
    credits = forms.IntegerField(required=False, min_value=1, label=_("Credits"))

    def clean_bundle(self) -> Bundle | None:
        ref = self.cleaned_data["bundle"].strip()
        if not ref:
            return None
        bundles = Bundle.objects.select_related("campaign__client")
        found = bundles.filter(external_ref=ref).first() or bundles.filter(upstream_id=ref).first()
        if found is None:
            raise forms.ValidationError(_("No bundle has this reference."))
        if found.campaign is None:
            raise forms.ValidationError(_("That bundle belongs to no campaign yet: claim it first."))
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        whose, bundle = cleaned.get("whose"), cleaned.get("bundle")
        if self.errors:
            return cleaned
        if bundle:
            owner = bundle.campaign
            if whose and (whose[1] != owner.client or whose[2] not in (None, owner)):
                self.add_error(
                    "bundle",
                    _("That bundle belongs to %(client)s · %(campaign)s.")
                    % {"client": owner.client, "campaign": owner},
                )
            cleaned["whose"] = (Owner.CLIENT, owner.client, owner)
        elif not whose:
            self.add_error("whose", _("Say whose it is."))
        return cleaned


class ChosenForm(WhoseForm):
    """One owner for several whole entries."""

    entries = forms.ModelMultipleChoiceField(
        queryset=CreditEntry.objects.none(), error_messages={"required": _("Choose the entries first.")}
    )

    def __init__(self, *args: Any, entries: CreditEntryQuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["entries"].queryset = entries  # type: ignore[attr-defined]
        self.fields["whose"].required = True


class BasePartFormSet(forms.BaseFormSet):
    """The parts of one entry. One part without a number is the whole."""

    def __init__(self, *args: Any, entry: CreditEntry, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entry = entry

    def add_fields(self, form: forms.Form, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["credits"].required = self.total_form_count() > 1

    def clean(self) -> None:
        if any(self.errors):
            return
        whole = abs(self.entry.amount)
        rest = whole - sum(form.cleaned_data.get("credits") or whole for form in self.forms)
        if rest:
            sentence = (
                _("The parts must add up to %(whole)s credits: %(rest)s more to give.")
                if rest > 0
                else _("The parts must add up to %(whole)s credits: %(rest)s too many.")
            )
            raise forms.ValidationError(sentence % {"whole": number(whole), "rest": number(abs(rest))})

    def parts(self) -> list[Part]:
        """Signed like the entry. Raises WrongAllocation for parts of nothing."""
        if not self.entry.amount:
            raise WrongAllocation(_("An entry of no credits has nothing to assign."))
        sign = -1 if self.entry.amount < 0 else 1
        parts = []
        for form in self.forms:
            owner, client, campaign = form.cleaned_data["whose"]
            credits = form.cleaned_data.get("credits") or abs(self.entry.amount)
            bundle = form.cleaned_data["bundle"]
            parts.append(Part(sign * credits, owner, client=client, campaign=campaign, bundle=bundle))
        return parts


PartFormSet = cast(
    type[BasePartFormSet],
    forms.formset_factory(
        PartForm,
        formset=BasePartFormSet,
        extra=0,
        min_num=1,
        max_num=MOST_PARTS,
        absolute_max=MOST_PARTS,
        validate_min=True,
        validate_max=True,
    ),
)


class ReasonForm(forms.Form):
    """Why; it stays in the books."""

    reason = forms.CharField(
        max_length=300,
        required=False,
        label=_("Reason"),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class TakeBackForm(ReasonForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = True
