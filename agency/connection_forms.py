from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.models import Connection


class ConnectionForm(forms.Form):
    """Where TokPortal is and the key to it. The key is written and never shown; empty keeps the stored one."""

    base_url = forms.URLField(
        label=_("Address of the API"),
        max_length=200,
        assume_scheme="https",
        help_text=_("Change it only for a test system. Another workspace gets books of its own."),
    )
    api_key = forms.CharField(
        label=_("API key"),
        required=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, connection: Connection | None, base_url: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.connection = connection
        self.initial["base_url"] = connection.base_url if connection else base_url
        has_key = bool(connection and connection.api_key)
        self.fields["api_key"].required = not has_key
        self.fields["api_key"].help_text = (
            gettext("A key is stored, encrypted. Enter another one to replace it.")
            if has_key
            else gettext(
                "It begins with sk_ and is shown once, in the TokPortal settings. It is stored encrypted."
            )
        )

    def clean_base_url(self) -> str:
        return self.cleaned_data["base_url"].rstrip("/")

    def clean(self) -> dict[str, Any]:
        """The key of the form, else the stored one; a stored key is never sent to another address."""
        cleaned = super().clean() or self.cleaned_data
        key, base_url = cleaned.get("api_key", "").strip(), cleaned.get("base_url")
        stored = self.connection
        if not key and stored and stored.api_key and base_url:
            if base_url != stored.base_url:
                self.add_error("api_key", gettext("Another address needs its own key: enter it."))
                return cleaned
            key = stored.api_key
        if not key and "api_key" not in self.errors:
            self.add_error("api_key", gettext("Enter the API key of the TokPortal workspace."))
        cleaned["api_key"] = key
        return cleaned
