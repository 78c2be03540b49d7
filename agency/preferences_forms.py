"""How a person likes the pages, as they choose it."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from agency.models import User
from agency.preferences import zone_choices

# What a drop-down says for "" in the row: no choice is an answer too, and needs no "optional".
NO_CHOICE = "none"


def _or_nothing(value: str) -> str:
    return "" if value == NO_CHOICE else value


class PreferencesForm(forms.Form):
    language = forms.TypedChoiceField(
        label=_("Language"),
        choices=[(NO_CHOICE, _("As my browser asks")), *settings.LANGUAGES],
        coerce=_or_nothing,
    )
    time_zone = forms.TypedChoiceField(
        label=_("Time zone"),
        help_text=_("Times on the pages are told in it. The months of reports keep the agency's zone."),
        coerce=_or_nothing,
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme)
    density = forms.ChoiceField(
        label=_("Tables"), choices=User.Density, help_text=_("Compact shows more rows at once.")
    )

    def __init__(self, data: Any = None, *, person: User) -> None:
        initial = {name: getattr(person, name) or NO_CHOICE for name in self.base_fields}
        super().__init__(data, initial=initial)
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)
        agencys = gettext("The agency's (%(zone)s)") % {"zone": settings.AGENCY_TIME_ZONE}
        zone.choices = [(NO_CHOICE, agencys), *zone_choices(get_language() or settings.LANGUAGE_CODE)]


class PasswordForm(PasswordChangeForm):
    """One's own password. The rules are sentences here, where Django would put a list into the line of help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = " ".join(password_validators_help_texts())
