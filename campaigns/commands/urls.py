from django.urls import path

from campaigns.commands.views import accounts, approvals, board, bundles, commands, orders, stops, videos

urlpatterns = [
    path("campaigns/<int:campaign_id>/order/", orders.bundle_order, name="bundle_order"),
    path("campaigns/<int:campaign_id>/order/quote/", orders.bundle_quote, name="bundle_quote"),
    path("bundles/", bundles.bundle_list, name="bundle_list"),
    path("bundles/board/", board.bundle_board, name="bundle_board"),
    path("campaigns/<int:campaign_id>/board/", board.campaign_board, name="campaign_board"),
    path("bundles/list.csv", bundles.bundle_list_csv, name="bundle_list_csv"),
    path("bundles/<int:bundle_id>/", bundles.bundle_detail, name="bundle_detail"),
    path("bundles/<int:bundle_id>/publish/", bundles.bundle_publish, name="bundle_publish"),
    path(
        "bundles/<int:bundle_id>/publish/quote/",
        bundles.bundle_publish_quote,
        {"what": "publish"},
        name="bundle_publish_quote",
    ),
    path(
        "bundles/<int:bundle_id>/publish-all/quote/",
        bundles.bundle_publish_quote,
        {"what": "publish-all"},
        name="bundle_publish_all_quote",
    ),
    path("bundles/<int:bundle_id>/publish-all/", bundles.bundle_publish_all, name="bundle_publish_all"),
    path("bundles/<int:bundle_id>/unpublish/", bundles.bundle_unpublish, name="bundle_unpublish"),
    path("bundles/<int:bundle_id>/add-slots/", orders.bundle_add_slots, name="bundle_add_slots"),
    path(
        "bundles/<int:bundle_id>/add-slots/quote/",
        orders.bundle_add_slots_quote,
        name="bundle_add_slots_quote",
    ),
    path("bundles/<int:bundle_id>/account/", accounts.bundle_account, name="bundle_account"),
    path("bundles/<int:bundle_id>/account/finalize/", accounts.account_finalize, name="account_finalize"),
    path("bundles/<int:bundle_id>/account/correct/", accounts.account_correct, name="account_correct"),
    path("bundles/<int:bundle_id>/videos/", videos.bundle_videos, name="bundle_videos"),
    path("bundles/<int:bundle_id>/videos/<int:position>/", videos.video_edit, name="video_edit"),
    path(
        "bundles/<int:bundle_id>/videos/<int:position>/finalize/",
        videos.video_finalize,
        name="video_finalize",
    ),
    path(
        "bundles/<int:bundle_id>/videos/<int:position>/correct/", videos.video_correct, name="video_correct"
    ),
    path(
        "bundles/<int:bundle_id>/videos/<int:position>/fix-download/",
        videos.video_fix_download,
        name="video_fix_download",
    ),
    path("orders/", commands.command_list, name="command_list"),
    path("orders/list.csv", commands.command_list_csv, name="command_list_csv"),
    path("orders/<int:command_id>/", commands.command_detail, name="command_detail"),
    path("orders/<int:command_id>/withdraw/", commands.command_withdraw, name="command_withdraw"),
    path("orders/<int:command_id>/accept/", commands.command_accept, name="command_accept"),
    path("orders/<int:command_id>/check/", commands.command_check, name="command_check"),
    path("orders/<int:command_id>/approve/", approvals.command_approve, name="command_approve"),
    path("orders/<int:command_id>/decline/", approvals.command_decline, name="command_decline"),
    path("stops/new/", stops.stop_everything, name="stop_everything"),
    path("clients/<slug:slug>/stop/", stops.stop_client, name="stop_client"),
    path("campaigns/<int:campaign_id>/stop/", stops.stop_campaign, name="stop_campaign"),
    path("stops/<int:stop_id>/", stops.stop_detail, name="stop_detail"),
    path("stops/<int:stop_id>/lift/", stops.stop_lift, name="stop_lift"),
]
