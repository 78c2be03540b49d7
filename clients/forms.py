"""Clients as people type them."""

from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.forms import SearchForm
from agency.models import User
from clients.models import Client

NOT_A_SLUG = {"new"}  # /clients/new/ is the form for the next one


class ClientSearchForm(SearchForm):
    show = forms.ChoiceField(
        required=False,
        choices=[("", _("Active")), ("archived", _("Archived")), ("all", _("All"))],
        label=_("Show"),
    )


class ClientForm(forms.ModelForm):
    """A client's columns. An owner of the dashboard also says who works for it and what it may spend."""

    budget = forms.IntegerField(
        required=False,
        min_value=0,
        label=_("Budget in credits"),
        help_text=_("Orders that would go over it are refused. Empty: no limit."),
    )
    approval_limit = forms.IntegerField(
        required=False,
        min_value=0,
        label=_("Second person above"),
        help_text=_(
            "Orders of more credits wait until somebody else approves them. Empty: as for the agency."
        ),
    )
    staff = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        label=_("Who works for this client"),
        help_text=_("Owners see every client anyway."),
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Client
        fields = ["name", "slug", "colour", "contact_name", "contact_email", "notes"]
        error_messages = {"slug": {"unique": _("Another client has this short name. Choose another one.")}}
        labels = {
            "name": _("Name"),
            "slug": _("Short name"),
            "colour": _("Colour"),
            "contact_name": _("Contact name"),
            "contact_email": _("Contact's email"),
            "notes": _("Notes"),
        }
        help_texts = {
            "slug": _(
                "Begins every reference that we send to TokPortal, such as acme-spring-usa-k3v9qp."
                " It can no longer change once one is in use."
            ),
            "colour": _("Marks the client with a dot or a stripe."),
            "notes": _("For the agency's staff."),
        }
        widgets = {
            "colour": forms.TextInput(attrs={"type": "color"}),
            "notes": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, by: User, frozen: str = "", **kwargs: Any) -> None:
        """`frozen`: why the slug can no longer change."""
        super().__init__(*args, **kwargs)
        if frozen:
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = frozen
        if by.is_owner:
            staff = User.objects.filter(is_active=True, is_superuser=False).exclude(role=User.Role.OWNER)
            self.fields["staff"].queryset = staff.order_by("first_name", "username")  # type: ignore[attr-defined]
            self.fields["staff"].label_from_instance = (  # type: ignore[attr-defined]
                lambda user: f"{user.name} ({user.get_role_display().lower()})"
            )
        else:
            del self.fields["staff"], self.fields["budget"], self.fields["approval_limit"]

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if slug in NOT_A_SLUG:
            raise forms.ValidationError(
                gettext("This word is an address of the dashboard. Choose another one.")
            )
        return slug

    @property
    def columns(self) -> dict[str, Any]:
        """The valid columns of Client, without what belongs to other rows."""
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
