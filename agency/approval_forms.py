"""From how many credits on an order needs a second person."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ApprovalRuleForm(forms.Form):
    approval_limit = forms.IntegerField(
        required=False,
        min_value=0,
        label=_("Orders above so many credits"),
        help_text=_("A client may have a limit of its own on its page. Empty: one person is enough."),
    )
