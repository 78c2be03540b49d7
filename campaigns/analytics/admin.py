from django.contrib import admin

from agency.admin import ReadOnlyAdmin
from campaigns.analytics.models import AccountPull, AccountSnapshot, VideoSnapshot


@admin.register(AccountSnapshot)
class AccountSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["account", "day", "followers", "views", "likes", "scraped_at"]
    list_select_related = ["account"]
    search_fields = ["account__username", "account__upstream_id"]
    date_hierarchy = "day"


@admin.register(VideoSnapshot)
class VideoSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["video", "day", "views", "likes", "comments", "scraped_at"]
    list_select_related = ["video"]
    search_fields = ["video__upstream_id", "video__external_ref"]
    date_hierarchy = "day"


@admin.register(AccountPull)
class AccountPullAdmin(ReadOnlyAdmin):
    list_display = ["account", "state", "pulled_at", "next_try_at", "asked_by", "trouble"]
    list_select_related = ["account", "asked_by"]
    list_filter = ["state"]
    search_fields = ["account__username", "account__upstream_id"]
