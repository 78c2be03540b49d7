"""The account of a bundle as it looks, and as ordered beside as delivered."""

from dataclasses import dataclass

from campaigns.content.actions import PROFILE_LABELS
from campaigns.content.forms import wanted_at_tokportal
from campaigns.models import AccountProfile, Bundle


@dataclass(frozen=True, slots=True)
class Face:
    """What people see of an account: delivered, else what we want, else what TokPortal holds."""

    username: str
    name: str
    biography: str
    has_picture: bool
    is_delivered: bool

    @property
    def initial(self) -> str:
        return (self.name or self.username)[:1].upper()


def profile_of(bundle: Bundle) -> AccountProfile | None:
    profile: AccountProfile | None = getattr(bundle, "profile", None)
    return profile


def wanted(bundle: Bundle) -> dict[str, str]:
    """The profile that was ordered: ours, else the one that was configured elsewhere."""
    profile = profile_of(bundle)
    if profile is None:
        return wanted_at_tokportal(bundle)
    return {name: getattr(profile, name) for name in PROFILE_LABELS}


def face_of(bundle: Bundle) -> Face:
    ordered, account = wanted(bundle), bundle.saved_account
    return Face(
        username=(account.username if account else "") or ordered.get("username", ""),
        name=(account.visible_name if account else "") or ordered.get("visible_name", ""),
        biography=(account.biography if account else "") or ordered.get("biography", ""),
        has_picture=bool((account and account.profile_picture_url) or ordered.get("profile_picture_url")),
        is_delivered=account is not None,
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """One field of the profile: as ordered and as delivered."""

    label: str
    ordered: str
    delivered: str

    @property
    def differs(self) -> bool:
        return bool(self.delivered) and self.ordered != self.delivered


def compared(bundle: Bundle) -> list[Compared]:
    """Field by field; empty before the account is delivered. Pictures are compared by eye."""
    account = bundle.saved_account
    if account is None:
        return []
    ordered = wanted(bundle)
    delivered = {
        "username": account.username,
        "visible_name": account.visible_name,
        "biography": account.biography,
    }
    if bundle.platform == "instagram":
        delivered["link_in_bio"] = str(account.raw.get("link_in_bio") or "")
    return [
        Compared(str(PROFILE_LABELS[name]), ordered.get(name, ""), value) for name, value in delivered.items()
    ]
