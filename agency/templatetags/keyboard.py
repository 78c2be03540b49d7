"""The keyboard shortcuts: one table for the dialog that lists them and for the script that does them."""

from dataclasses import dataclass

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

register = template.Library()

# Keys as they are pressed, what they do, the deed of static/js/keyboard.js; none where the key is not that script's.
EVERYWHERE = (
    ("Ctrl K", _("Search or jump to anything; ⌘ K on a Mac"), ""),
    ("n", _("The page's main action"), "act"),
    ("?", _("This list"), "help"),
    ("Esc", _("Close what is open, leave a field"), ""),
)
IN_LISTS = (
    ("/", _("Search this list"), "search"),
    ("j", _("Next row"), "next"),
    ("k", _("Row before"), "previous"),
    ("Enter", _("Open the row"), ""),
    ("x", _("Choose the row"), "pick"),
)
# Second key after g, page, for owners only.
GO_TO = (
    ("t", _("Today"), "today", False),
    ("c", _("Clients"), "client_list", False),
    ("m", _("Campaigns"), "campaign_list", False),
    ("b", _("Bundles"), "bundle_list", False),
    ("o", _("Orders"), "command_list", False),
    ("a", _("Accounts"), "account_list", False),
    ("r", _("Reports"), "report_list", False),
    ("l", _("Credits"), "credit_list", True),
)


@dataclass(frozen=True, slots=True)
class Shortcut:
    keys: str
    label: str | Promise
    deed: str = ""
    url: str = ""

    @property
    def shown(self) -> list[str]:
        return self.keys.split()


@register.simple_tag
def shortcuts(for_owners: bool) -> list[tuple[str | Promise, list[Shortcut]]]:
    go_to = [
        Shortcut(f"g {key}", label, "go", reverse(page))
        for key, label, page, owners_only in GO_TO
        if for_owners or not owners_only
    ]
    return [
        (_("Everywhere"), [Shortcut(*row) for row in EVERYWHERE]),
        (_("In a list"), [Shortcut(*row) for row in IN_LISTS]),
        (_("Go to"), go_to),
    ]
