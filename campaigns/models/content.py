"""What we want: profiles and posts. Kept here before, while and after TokPortal has them."""

from django.core.validators import MaxLengthValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agency.models import audited
from campaigns.models.campaign import Campaign
from campaigns.models.mirror import Bundle, Video, searchable

USERNAME_MAX, NAME_MAX, BIOGRAPHY_MAX = 24, 30, 80  # "Account Configuration" of the API's documents
CAPTION_MAX = 2200  # the platforms' own limit


@audited()
class AccountProfile(models.Model):
    """The profile that we want for a bundle's account. It carries the client's brand."""

    bundle = models.OneToOneField(Bundle, on_delete=models.CASCADE, related_name="profile")
    username = models.CharField(
        max_length=USERNAME_MAX,
        validators=[
            RegexValidator(r"^[a-zA-Z0-9_.]+$", _("Use letters, digits, full stops and underscores."))
        ],
    )
    visible_name = models.CharField(max_length=NAME_MAX)
    biography = models.CharField(max_length=BIOGRAPHY_MAX, blank=True, default="")
    profile_picture_url = models.CharField(
        max_length=1000, blank=True, default=""
    )  # public URL or storage path
    link_in_bio = models.URLField(blank=True, default="")  # Instagram only
    version = models.PositiveIntegerField(
        default=1
    )  # goes up with each edit; a form that carries an older one is stale
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"@{self.username}"

    def body(self) -> dict[str, object]:
        """The request body of PUT …/account ("Account Configuration")."""
        body: dict[str, object] = {
            "username": self.username,
            "visible_name": self.visible_name,
            "biography": self.biography,
        }
        if self.profile_picture_url:
            body["profile_picture_url"] = self.profile_picture_url
        if self.link_in_bio and self.bundle.platform == "instagram":
            body["link_in_bio"] = self.link_in_bio
        return body


@audited()
class Post(models.Model):
    """What we want to publish. Exists before anything is ordered; sits in at most one video slot."""

    class Type(models.TextChoices):
        VIDEO = "video", _("Video")
        CAROUSEL = "carousel", _("Carousel")
        STORY = "story", _("Story")

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="posts")
    video = models.OneToOneField(Video, on_delete=models.SET_NULL, null=True, blank=True, related_name="post")
    name = models.CharField(max_length=200, blank=True, default="")
    external_ref = models.CharField(
        max_length=200, unique=True
    )  # one of ours, or the one that the user brings
    market_country = models.CharField(max_length=8, blank=True, default="")  # canonical code
    video_type = models.CharField(max_length=20, choices=Type, default=Type.VIDEO)
    caption = models.TextField(blank=True, default="", validators=[MaxLengthValidator(CAPTION_MAX)])
    media = models.JSONField(
        default=list
    )  # ordered list of URLs: one for a video or story, 1 to 20 for a carousel
    publish_date = models.DateField(null=True, blank=True)  # the day that we ask for
    instagram_content_type = models.CharField(
        max_length=10, blank=True, default="", choices=[("reel", _("Reel")), ("post", _("Post"))]
    )
    editing_instructions = models.TextField(blank=True, default="")  # uses an edit slot
    disclose_as_ads = models.BooleanField(default=True)
    ai_content_disclaimer = models.BooleanField(null=True, blank=True)  # null = nobody has answered yet
    version = models.PositiveIntegerField(default=1, validators=[MinValueValidator(1)])
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(video_type__in=["video", "carousel", "story"]), name="post_type_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["campaign", "publish_date"], name="post_by_campaign_and_day"),
            searchable("caption", "external_ref", name="post_search"),
        ]

    def __str__(self) -> str:
        return self.name or self.caption[:60] or self.external_ref

    def body(self) -> dict[str, object]:
        """The whole slot as PUT …/videos/{position} wants it ("Configure Videos"): a PUT clears what it omits."""
        body: dict[str, object] = {
            "video_type": self.video_type,
            "target_publish_date": self.publish_date.isoformat() if self.publish_date else None,
            "external_ref": self.external_ref,
            "disclose_as_ads": self.disclose_as_ads,
            "ai_content_disclaimer": bool(self.ai_content_disclaimer),
        }
        if self.name:
            body["name"] = self.name
        if self.video_type != self.Type.STORY:
            body["description"] = self.caption
        if self.video_type == self.Type.CAROUSEL:
            body["carousel_images"] = list(self.media)
        elif self.media:
            is_image = self.video_type == self.Type.STORY and is_image_url(self.media[0])
            body["story_image_url" if is_image else "video_url"] = self.media[0]
        if self.instagram_content_type and self.video_type != self.Type.STORY:
            body["instagram_content_type"] = self.instagram_content_type
        if self.editing_instructions:
            body["editing_instructions"] = self.editing_instructions
        return body


def is_image_url(url: str) -> bool:
    """A story takes one video or one picture; the address says which."""
    return url.lower().split("?")[0].endswith((".jpg", ".jpeg", ".png", ".webp", ".gif"))
