from django import forms
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext_lazy as _

from agency.forms import SearchForm
from campaigns.events.handlers import KNOWN_KINDS
from campaigns.events.models import WebhookEvent

# The first part of an event's kind → what it is about.
SUBJECTS = {
    "account": _("account"),
    "bundle": _("bundle"),
    "credits": _("credits"),
    "subscription": _("subscription"),
    "video": _("video"),
    "warming": _("warming"),
    "webhook": _("webhook"),
}
GROUPS = sorted({kind.partition(".")[0] for kind in KNOWN_KINDS})


class EventSearchForm(SearchForm):
    about = forms.ChoiceField(
        required=False,
        label=_("About"),
        choices=[("", _("Any subject")), *((name, SUBJECTS.get(name, name)) for name in GROUPS)],
    )
    state = forms.ChoiceField(
        required=False, label=_("State"), choices=[("", _("Any state")), *WebhookEvent.State.choices]
    )

    def narrow(self, events: QuerySet[WebhookEvent]) -> QuerySet[WebhookEvent]:
        """The search looks into the kind, the id and the whole body: ids of bundles, refs, usernames."""
        given = self.filters()
        if "q" in given:
            events = events.annotate(text=Cast("body", TextField())).filter(
                Q(kind__icontains=given["q"]) | Q(upstream_id=given["q"]) | Q(text__icontains=given["q"])
            )
        if "about" in given:
            events = events.filter(kind__startswith=given["about"] + ".")
        if "state" in given:
            events = events.filter(state=given["state"])
        return events
