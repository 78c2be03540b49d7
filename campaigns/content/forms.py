"""What people type about content → clean values for `campaigns.content.actions`."""

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from agency.countries import by_name
from agency.forms import DateInput, SearchForm
from campaigns.content.rules import CAROUSEL_MAX
from campaigns.models import AccountProfile, Bundle, Campaign, Post, Video
from campaigns.models.content import BIOGRAPHY_MAX, CAPTION_MAX, NAME_MAX, USERNAME_MAX
from campaigns.references import video_ref

REF_MAX = 200  # "Create Bundle", "Configure Videos"

is_storage_path = re.compile(r"[\w.-]+(/[\w.-]+)+")
is_address = URLValidator(schemes=["http", "https"])


def require_link(value: str) -> None:
    """A public address, or the storage path that an upload answered with. Raises ValidationError."""
    if is_storage_path.fullmatch(value):
        return
    try:
        is_address(value)
    except ValidationError as error:
        raise ValidationError(
            _("“%(link)s” is no link. Use an address that begins with https://, or an upload's path.")
            % {"link": value[:80]}
        ) from error


class ProseField(forms.CharField):
    """Text of several lines. Browsers send each line end as two characters; the platforms count one."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:
        return super().to_python(str(value or "").replace("\r\n", "\n"))


class MediaField(forms.CharField):
    """Links, one a line → a list in that order."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> Any:  # a CharField's value is text; this one's is a list
        return [line.strip() for line in str(value or "").splitlines() if line.strip()]

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def run_validators(self, value: Any) -> None:
        for link in value:
            require_link(link)
        if len(value) > CAROUSEL_MAX:
            raise ValidationError(
                _("At most %(most)d links; these are %(count)d.")
                % {"most": CAROUSEL_MAX, "count": len(value)}
            )


class YesNoField(forms.TypedChoiceField):
    """A question that has to be answered: yes, no, or (None) not answered yet."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            choices=[("", _("Not answered")), ("yes", _("Yes")), ("no", _("No"))],
            coerce=lambda text: text == "yes",
            empty_value=None,
            **kwargs,
        )

    def prepare_value(self, value: Any) -> Any:
        return {True: "yes", False: "no"}.get(value, value) if isinstance(value, bool) else value


def counted(limit: int, **attributes: object) -> dict[str, object]:
    """Attributes of an input whose characters are counted while one types (static/js/counter.js)."""
    return {"data-count": limit, **attributes}


class VersionedForm(forms.Form):
    """A form that says which version of its row it was drawn from; 0 = there was none."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def take_version(self, version: int) -> None:
        """Draw the refused form with the version that stands now: saving it again is then a decision."""
        self.data = dict(self.data.items()) | {self.add_prefix("version"): str(version)}


class ProfileForm(VersionedForm):
    """The profile that we want for a bundle's account ("Account Configuration")."""

    username = forms.CharField(
        label=_("Username"),
        max_length=USERNAME_MAX,
        validators=AccountProfile._meta.get_field("username").validators,
        widget=forms.TextInput(attrs=counted(USERNAME_MAX, autocomplete="off", spellcheck="false")),
        help_text=_("Letters, digits, full stops and underscores. The manager takes the nearest free one."),
    )
    visible_name = forms.CharField(
        label=_("Name"),
        max_length=NAME_MAX,
        widget=forms.TextInput(attrs=counted(NAME_MAX, autocomplete="off")),
    )
    biography = ProseField(
        label=_("Biography"),
        max_length=BIOGRAPHY_MAX,
        required=False,
        widget=forms.Textarea(attrs=counted(BIOGRAPHY_MAX, rows=2)),
        help_text=_("Needed for publication."),
    )
    profile_picture_url = forms.CharField(
        label=_("Picture"),
        max_length=1000,
        required=False,
        validators=[require_link],
        help_text=_("A public link to the picture. Needed for publication."),
    )
    link_in_bio = forms.URLField(label=_("Link in bio"), required=False, assume_scheme="https")

    def __init__(self, data: Any = None, *, bundle: Bundle, profile: AccountProfile | None) -> None:
        drawn_from = profile or AccountProfile(version=0, **wanted_at_tokportal(bundle))
        initial = {name: getattr(drawn_from, name) for name in self.base_fields}
        super().__init__(data, initial=initial)
        if bundle.platform != "instagram":
            del self.fields["link_in_bio"]

    def profile(self) -> dict[str, Any]:
        """The columns of an AccountProfile."""
        return {name: value for name, value in self.cleaned_data.items() if name in PROFILE_FIELDS}


PROFILE_FIELDS = ("username", "visible_name", "biography", "profile_picture_url", "link_in_bio")


def wanted_at_tokportal(bundle: Bundle) -> dict[str, str]:
    """The profile of a bundle that was configured elsewhere, as TokPortal holds it."""
    return {
        name: value
        for name in PROFILE_FIELDS
        if isinstance(value := bundle.account_listing.get(name), str) and value
    }


class PostForm(VersionedForm):
    """A Post, in or out of a slot ("Configure Videos")."""

    video_type = forms.ChoiceField(label=_("Type"), choices=Post.Type.choices, initial=Post.Type.VIDEO)
    publish_date = forms.DateField(
        label=_("Goes live"),
        required=False,
        widget=DateInput,
        help_text=_("First day of the two days in which it is posted."),
    )
    caption = ProseField(
        label=_("Caption"),
        required=False,
        max_length=CAPTION_MAX,
        widget=forms.Textarea(attrs=counted(CAPTION_MAX, rows=3)),
        help_text=_("A story has none."),
    )
    media = MediaField(  # type: ignore[assignment]  # Django takes it out of the class before its own `media`
        label=_("Media"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 1, "spellcheck": "false"}),
    )
    instagram_content_type = forms.ChoiceField(
        label=_("Reel or post"),
        required=False,
        choices=[("", _("Not answered")), ("reel", _("Reel")), ("post", _("Post"))],
        help_text=_("Instagram only."),
    )
    ai_content_disclaimer = YesNoField(
        label=_("Made with AI?"), required=False, help_text=_("Yes puts the platform's AI label on it.")
    )
    disclose_as_ads = forms.BooleanField(
        label=_("Disclose as an ad"), required=False, initial=True, help_text=_("On for client work.")
    )
    editing_instructions = ProseField(
        label=_("Editing instructions"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What an editor should do with it. Uses one edit."),
    )
    name = forms.CharField(
        label=_("Name"), required=False, max_length=200, help_text=_("For you; nobody else sees it.")
    )
    external_ref = forms.CharField(
        label=_("Reference"),
        max_length=REF_MAX,
        help_text=_("Comes back in TokPortal's lists and in your reports. Keep ours, or give your own."),
    )
    market_country = forms.ChoiceField(label=_("Market"), required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        campaign: Campaign,
        post: Post | None = None,
        country: str = "",
        initial: Mapping[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        """`initial` goes before what the Post says, and `country` before its market."""
        self.post = post
        drawn_from = post or Post(version=0, market_country=country)
        fields = (*POST_FIELDS, "version")
        shown = {name: getattr(drawn_from, name) for name in fields} | dict(initial or {})
        if not shown["external_ref"]:
            shown["external_ref"] = new_video_ref(campaign, shown["market_country"] or country)
        super().__init__(data, initial=shown, prefix=prefix)
        countries = {market.country for market in campaign.markets.all()} | {shown["market_country"]}
        self.fields["media"].help_text = _(
            "Public link. A carousel takes up to %(most)d, one a line, in their order."
        ) % {"most": CAROUSEL_MAX}
        market: Any = self.fields["market_country"]
        market.choices = [("", _("Any")), *by_name(dict.fromkeys(countries - {""}, ""))]

    def values(self) -> dict[str, Any]:
        """The columns of a Post that this form may write."""
        return {name: self.cleaned_data[name] for name in self.fields if name in POST_FIELDS}


POST_FIELDS = frozenset(PostForm.base_fields) - {"version"}


def new_video_ref(campaign: Campaign, market: str) -> str:
    """A reference for a Post, new at each call (R2)."""
    own = next(namespace for namespace in campaign.namespaces.all() if namespace.is_own)
    return video_ref(own.prefix, market, "")


def values_at_tokportal(video: Video) -> dict[str, Any]:
    """What a slot holds that was filled elsewhere: a PUT clears what it omits, so the form starts from it."""
    raw = video.raw
    media = raw.get("carousel_images") or [raw.get("video_url") or raw.get("story_image_url")]
    return {
        "video_type": video.video_type or Post.Type.VIDEO,
        "publish_date": video.publish_date,
        "caption": video.description,
        "media": [link for link in media if link],
        "instagram_content_type": raw.get("instagram_content_type") or "",
        "ai_content_disclaimer": raw.get("ai_content_disclaimer"),
        "disclose_as_ads": raw.get("disclose_as_ads", True),
        "editing_instructions": raw.get("editing_instructions") or "",
        "name": video.name,
        "external_ref": video.external_ref,
    }


class PostDayForm(forms.Form):
    """A day for the chosen posts. Only those without a slot can be chosen."""

    posts = forms.ModelMultipleChoiceField(
        queryset=Post.objects.none(), error_messages={"required": _("Choose the posts first.")}
    )
    day = forms.DateField(widget=DateInput, label=_("Day"), error_messages={"required": _("Say which day.")})

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["posts"].queryset = campaign.posts.filter(video=None)  # type: ignore[attr-defined]


class PostFilterForm(SearchForm):
    place = forms.ChoiceField(
        label=_("Place"),
        required=False,
        choices=[
            ("", _("All posts")),
            ("free", _("Without a slot")),
            ("slot", _("In a slot")),
            ("open", _("To answer")),
        ],
    )

    def narrow(self, posts: QuerySet[Post]) -> QuerySet[Post]:
        chosen = self.filters()
        text, place = chosen.get("q"), chosen.get("place")
        if text:
            posts = posts.filter(
                Q(name__icontains=text) | Q(caption__icontains=text) | Q(external_ref__icontains=text)
            )
        if place == "free":
            return posts.filter(video=None)
        if place == "slot":
            return posts.exclude(video=None)
        return posts.filter(ai_content_disclaimer=None) if place == "open" else posts
