"""Forms of one button: each makes one Command, however often it is pressed."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agency.forms import CommandForm
from campaigns.content.forms import MediaField
from campaigns.models import Command

HOW_MANY = gettext_lazy("Say how many with a whole number from 1 to 500.")


class PricedForm(CommandForm):
    """`quote` carries the price that was shown (campaigns.commands.quotes)."""

    quote = forms.CharField(widget=forms.HiddenInput, required=False)


class AddSlotsForm(PricedForm):
    """More slots for a bundle ("Add Video Slots")."""

    what = forms.ChoiceField(
        label=gettext_lazy("What"),
        choices=[("videos", gettext_lazy("Video slots")), ("edits", gettext_lazy("Edits of videos"))],
        widget=forms.RadioSelect,
        initial="videos",
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("How many"),
        min_value=1,
        max_value=500,
        initial=1,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), HOW_MANY),
    )

    @property
    def is_for_edits(self) -> bool:
        return self.cleaned_data["what"] == "edits"

    @property
    def kind(self) -> str:
        return Command.Kind.ADD_EDIT_SLOTS if self.is_for_edits else Command.Kind.ADD_VIDEO_SLOTS

    def body(self) -> dict[str, int]:
        return {"quantity": self.cleaned_data["quantity"]}


class WithdrawForm(forms.Form):
    """A person's decision about a Command whose outcome is unknown needs a reason; taking back does not."""

    note = forms.CharField(label=gettext_lazy("Note"), max_length=300, required=False)

    def __init__(self, *args: object, is_decision: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["note"].required = is_decision


class AcceptForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("What shows it"), max_length=300)
    credits = forms.IntegerField(label=gettext_lazy("Credits charged"), min_value=0, max_value=1_000_000)


class ApproveForm(forms.Form):
    """`credits`: the price that the second person has seen."""

    credits = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class DeclineForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("Why not?"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why: whoever asked for it reads it.")},
    )


class StopForm(forms.Form):
    """Nobody stops the work of others without a reason that they can read."""

    reason = forms.CharField(
        label=gettext_lazy("Why?"),
        max_length=300,
        help_text=gettext_lazy("Everybody whose work waits reads it."),
        error_messages={"required": gettext_lazy("Say why, so that others know what to wait for.")},
    )


class AccountCorrectionForm(CommandForm):
    """What the manager should change on the delivered account ("Account Actions")."""

    FIELDS = ("username", "visible_name", "biography", "profile_picture")

    username = forms.CharField(label=gettext_lazy("Username"), required=False, max_length=500)
    visible_name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=500)
    biography = forms.CharField(label=gettext_lazy("Biography"), required=False, max_length=500)
    profile_picture = forms.CharField(label=gettext_lazy("Picture"), required=False, max_length=500)
    comment = forms.CharField(
        label=gettext_lazy("Comment"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def changes(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.FIELDS if self.cleaned_data.get(name)}

    def clean(self) -> None:
        super().clean()
        if not self.errors and not self.changes():
            self.add_error(None, _("Say for at least one of the fields what should be different."))


class VideoCorrectionForm(PricedForm):
    comment = forms.CharField(
        label=gettext_lazy("What should the manager change?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class FixDownloadForm(PricedForm):
    """A link that the manager can download from ("Fix Download Link")."""

    media = MediaField(label=gettext_lazy("A link that works"), widget=forms.Textarea(attrs={"rows": 1}))  # type: ignore[assignment]
