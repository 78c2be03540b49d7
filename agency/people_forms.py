"""Members of staff as an owner types them."""

from typing import Any

from django import forms
from django.contrib.auth.password_validation import password_validators_help_texts, validate_password
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.models import User
from clients.models import Client


class PersonForm(forms.ModelForm):
    """A member of staff, new or known."""

    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    clients = forms.ModelMultipleChoiceField(
        queryset=Client.objects.none(),
        required=False,
        label=_("Works for"),
        help_text=_("Owners see every client anyway."),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = User
        fields = ["first_name", "last_name", "username", "email", "role", "is_active"]
        labels = {"username": _("User name"), "role": _("Role"), "is_active": _("May sign in")}
        help_texts = {
            "username": _("For signing in."),
            "role": _(
                "Owners see everything and every client. Account managers order and edit for their clients."
                " Analysts look at their clients and change nothing."
            ),
            "is_active": _(
                "Switched off, the person is signed out at once; what they did stays in the history."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["clients"].queryset = Client.objects.order_by("name")  # type: ignore[attr-defined]
        rules = self.fields["password"].help_text = " ".join(password_validators_help_texts())
        if self.instance.pk:
            self.fields["password"].label = gettext("New password")
            self.fields["password"].help_text = gettext("%(rules)s Left empty, it stays as it is.") % {
                "rules": rules
            }
        else:
            self.fields["password"].required = True
            del self.fields["is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("password"):
            person = User(
                **{name: cleaned.get(name, "") for name in ("username", "first_name", "last_name", "email")}
            )
            try:
                validate_password(cleaned["password"], person)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return cleaned

    @property
    def columns(self) -> dict[str, Any]:
        """The valid columns of User, without the password."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields if name in self.fields}
