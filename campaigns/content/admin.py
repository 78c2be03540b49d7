"""Posts and profiles in the workshop: to look at. They are edited on their pages, where versions are kept."""

from django.contrib import admin

from agency.admin import ReadOnlyAdmin
from campaigns.models import AccountProfile, Post


@admin.register(Post)
class PostAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "campaign", "external_ref", "video_type", "publish_date", "version")
    list_filter = ("video_type", "campaign__client")
    list_select_related = ("campaign",)
    search_fields = ("name", "caption", "external_ref")


@admin.register(AccountProfile)
class AccountProfileAdmin(ReadOnlyAdmin):
    list_display = ("username", "visible_name", "bundle", "version", "updated_at")
    list_select_related = ("bundle",)
    search_fields = ("username", "visible_name")
