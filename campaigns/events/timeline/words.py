"""What a reader is told about a state or an event of TokPortal. What is not in here is shown in its own words."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

# By kind of event, which for states is "bundle." or "account." and the state.
WORDS: Mapping[str, str] = {
    "bundle.created": _("The bundle was made at TokPortal"),
    "bundle.published": _("Handed to a manager"),
    "bundle.published_priority": _("Handed to a manager, with priority"),
    "bundle.accepted": _("A manager accepted the bundle"),
    "bundle.in_review": _("The bundle's videos are in review"),
    "bundle.finalized": _("The bundle is live"),
    "bundle.completed": _("The bundle is done"),
    "bundle.cancelled": _("The bundle was cancelled"),
    "bundle.archived": _("The bundle was archived"),
    "account.configured": _("The account is set up"),
    "account.published": _("The account was handed to a manager"),
    "account.accepted": _("A manager accepted the account"),
    "account.in_review": _("The account is in review"),
    "account.pending_corrections": _("Corrections of the account were asked for"),
    "account.finalized": _("The account is final"),
    "account.remade": _("The account was made anew"),
    "account.banned": _("The account was banned"),
    "account.ban_appeal.submitted": _("An appeal against the ban was made"),
    "account.ban_appeal.resolved": _("The appeal against the ban was decided"),
    "account.ban_resolution.decided": _("TokPortal decided how the ban is made good"),
    "account.revealed": _("The account's credentials were revealed"),
    "account.distribution_warning": _("The platform warned about the account's reach"),
    "warming.session_started": _("A warming session began"),
    "warming.term_verified": _("A search term of the warming was verified"),
    "warming.session_completed": _("A warming session ended"),
    "subscription.renewed": _("Coverage was renewed"),
    "subscription.lapsed": _("Coverage lapsed"),
    "subscription.cancelled": _("Coverage was cancelled"),
    "subscription.reactivated": _("Coverage was taken up again"),
    "subscription.ended": _("Coverage ended"),
    "credits.restored": _("Credits were given back"),
}
# Of one or several videos at once, by what comes after "video." in the event, which mostly is the state.
VIDEO_WORDS = {
    "configured": ngettext_lazy("Video %(slots)s is set up", "Videos %(slots)s are set up", "n"),
    "published": ngettext_lazy(
        "Video %(slots)s was handed to the manager", "Videos %(slots)s were handed to the manager", "n"
    ),
    "accepted": ngettext_lazy(
        "A manager accepted video %(slots)s", "A manager accepted videos %(slots)s", "n"
    ),
    "in_review": ngettext_lazy("Video %(slots)s is in review", "Videos %(slots)s are in review", "n"),
    "pending_corrections": ngettext_lazy(
        "A change of video %(slots)s was asked for", "A change of videos %(slots)s was asked for", "n"
    ),
    "finalized": ngettext_lazy("Video %(slots)s is final", "Videos %(slots)s are final", "n"),
    "cancelled": ngettext_lazy("Video %(slots)s was cancelled", "Videos %(slots)s were cancelled", "n"),
    "not_recommended": ngettext_lazy(
        "The platform does not recommend video %(slots)s",
        "The platform does not recommend videos %(slots)s",
        "n",
    ),
    "ai_labeled": ngettext_lazy(
        "The platform marked video %(slots)s as made by AI",
        "The platform marked videos %(slots)s as made by AI",
        "n",
    ),
    "sound_restricted": ngettext_lazy(
        "The sound of video %(slots)s is restricted", "The sound of videos %(slots)s is restricted", "n"
    ),
}
TONES = {
    "in_review": "wait",
    "pending_corrections": "bad",
    "cancelled": "bad",
    "banned": "bad",
    "lapsed": "bad",
    "distribution_warning": "bad",
    "not_recommended": "bad",
    "sound_restricted": "wait",
    "finalized": "good",
    "completed": "good",
}
