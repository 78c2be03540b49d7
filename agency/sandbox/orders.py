"""What is paid when it is ordered: bundles, bulk batches, video and edit slots, warming."""

from typing import Any

from . import assumed, coverage, credits, webhooks
from .bundles import bundle_event, created_json, find_bundle, touch
from .call import Call
from .errors import ApiError, invalid
from .extras import Extras, check_warming, read_extras
from .fields import Fields
from .prices import Order
from .reference import BUNDLE_TYPES, COUNTRIES, ORDERABLE_PLATFORMS, PLATFORMS, country_code
from .store import Row
from .work import Json, Work

# A body of the contract before /api/ext; it must fail loudly rather than order something else.
OLD_BODY_KEYS = ("type", "existing_account_id", "options", "metadata")


def create_bundle(call: Call) -> Json:
    """POST /bundles: the checkout; credits are debited here and never again ("Create Bundle")."""
    fields = Fields(call.body)
    for name in OLD_BODY_KEYS:
        if name in fields.body:
            fields.refuse(name, "is not part of this contract")
    bundle_type = fields.choice("bundle_type", BUNDLE_TYPES, required=True)
    title = fields.text("title")
    external_ref = fields.text("external_ref")
    auto_finalize = fields.flag("auto_finalize_videos", default=True)
    has_videos = bundle_type != "account_only"
    videos = fields.integer(
        "videos_quantity",
        minimum=1 if has_videos else 0,
        maximum=assumed.MAX_VIDEO_SLOTS,
        required=has_videos,
    )
    if not has_videos and videos:
        fields.refuse("videos_quantity", "must be 0 for account_only")
    edits = fields.integer("edits_quantity", maximum=assumed.MAX_EDIT_SLOTS)
    extras = read_extras(call, fields)
    account_id = fields.text("account_id", required=bundle_type == "videos_only")
    is_new_account = bundle_type != "videos_only"
    platform, country = "tiktok", ""
    if is_new_account:
        platform = read_platform(fields, fields.body.get("platform", "tiktok"), "platform")
        country = fields.text("country", required=True) or ""
    fields.check()
    check_edits(edits, videos)
    account: Row | None = None
    if is_new_account:
        if account_id:
            raise ApiError(
                assumed.ACCOUNT_ID_NOT_ALLOWED_STATUS,
                "ACCOUNT_ID_NOT_ALLOWED",
                "account_id is only allowed with bundle_type videos_only",
            )
        check_country(country)
        check_warming(call, extras, platform)
        if external_ref and (existing := _same_order(call, external_ref)):
            return _refuse_or_answer_existing(call, existing)
    else:
        account = call.store.one("SELECT * FROM accounts WHERE id = ?", account_id)
        if account is None:
            raise ApiError(404, "ACCOUNT_NOT_FOUND", "No account with this id", account_id=account_id)
        coverage.gate(call, account)

    order = extras.of(int(is_new_account)) if is_new_account else Order(moderation=int(extras.moderation))
    order.account, order.videos, order.edits = int(is_new_account), videos, edits
    bundle = insert_bundle(
        call,
        bundle_type=str(bundle_type),
        platform=account["platform"] if account else platform,
        country=account["country_sent"] if account else country,
        videos=videos,
        edits=edits,
        title=title,
        external_ref=external_ref,
        auto_finalize=auto_finalize,
        extras=extras,
        account=account,
    )
    cost = call.prices.cost(order, call.store.recall("allowance"))
    _use_allowance(call, cost.allowance_used)
    credits.charge(
        call,
        parts=cost.parts,
        description=describe(bundle["platform"], order),
        bundle_ids=[bundle["id"]],
        external_ref=external_ref,
    )
    answer = credits.paid(call, created_json(call, bundle))
    if extras.niche and not call.prices.is_seed:
        answer["deprecation_notice"] = assumed.NICHE_WARMING_NOTICE
    return answer


def create_bundles_bulk(call: Call) -> Json:
    """POST /bundles/bulk: accounts_count bundles per platform, one country, all or nothing ("Bulk")."""
    fields = Fields(call.body)
    platforms = fields.texts("platforms", minimum=1, required=True) or []
    for platform in platforms:
        read_platform(fields, platform, "platforms")
    if len(set(platforms)) < len(platforms):
        fields.refuse("platforms", "must not repeat")
    country = fields.text("country", required=True) or ""
    accounts = fields.integer("accounts_count", minimum=1, maximum=100, required=True)
    with_videos = fields.integer("upload_accounts_count", maximum=100)
    videos = fields.integer("videos_per_account", maximum=assumed.MAX_VIDEO_SLOTS)
    if with_videos > accounts:
        fields.refuse("upload_accounts_count", "must not exceed accounts_count")
    if with_videos and not videos:
        fields.refuse("videos_per_account", "must be greater than 0 when upload_accounts_count is")
    auto_finalize = fields.flag("auto_finalize_videos", default=True)
    external_ref = fields.text("external_ref")
    extras = read_extras(call, fields)
    fields.check()
    check_country(country)
    for platform in platforms:
        check_warming(call, extras, platform)

    bundles: list[tuple[Row, Order]] = []
    for platform in platforms:
        for number in range(accounts):
            slots = videos if number < with_videos else 0
            bundle = insert_bundle(
                call,
                bundle_type="account_and_videos" if slots else "account_only",
                platform=platform,
                country=country,
                videos=slots,
                edits=0,
                title=None,
                external_ref=external_ref,
                auto_finalize=auto_finalize,
                extras=extras,
                account=None,
                is_bulk=True,
            )
            order = extras.of(1)
            order.account, order.videos = 1, slots
            bundles.append((bundle, order))
    _charge_bulk(call, bundles, external_ref)
    created = [created_json(call, bundle) for bundle, _ in bundles]
    return credits.paid(call, {"bundles": created, "total_created": len(created)})


def _charge_bulk(call: Call, bundles: list[tuple[Row, Order]], external_ref: str | None) -> None:
    """One checkout; a contract allowance goes to the first bundles. One history row or many (assumed)."""
    priced = []
    for bundle, order in bundles:
        cost = call.prices.cost(order, call.store.recall("allowance"))
        _use_allowance(call, cost.allowance_used)
        priced.append((bundle, order, cost.parts))
    parts: dict[str, int] = {}
    for _, _, bundle_parts in priced:
        for part, amount in bundle_parts.items():
            parts[part] = parts.get(part, 0) + amount
    credits.require(call, sum(parts.values()), parts)
    if call.settings.bulk_history == "bundle":
        for bundle, order, bundle_parts in priced:
            credits.charge(
                call,
                parts=bundle_parts,
                description=describe(bundle["platform"], order),
                bundle_ids=[bundle["id"]],
                external_ref=external_ref,
            )
        return
    slots = sum(order.videos for _, order, _ in priced)
    credits.charge(
        call,
        parts=parts,
        description=f"Bulk order: {len(priced)} accounts, {slots} videos",
        bundle_ids=[bundle["id"] for bundle, _, _ in priced],
        external_ref=external_ref,
    )


def add_video_slots(call: Call, bundle_id: str) -> Json:
    """POST /bundles/{id}/add-video-slots: debited at once; the new slots start `pending`."""
    return _add_slots(call, bundle_id, "videos", assumed.MAX_VIDEO_SLOTS)


def add_edit_slots(call: Call, bundle_id: str) -> Json:
    return _add_slots(call, bundle_id, "edits", assumed.MAX_EDIT_SLOTS)


def _add_slots(call: Call, bundle_id: str, what: str, maximum: int) -> Json:
    bundle = find_bundle(call, bundle_id)
    fields = Fields(call.body)
    quantity = fields.integer("quantity", minimum=1, maximum=maximum, required=True)
    fields.check()
    if bundle["status"] in ("completed", "cancelled", "archived"):
        raise ApiError(
            409,
            "BUNDLE_INVALID_STATUS",
            f"Slots cannot be added to a bundle that is {bundle['status']}",
            current_status=bundle["status"],
        )
    if what == "videos" and bundle["bundle_type"] == "account_only":
        raise invalid(bundle_type="an account_only bundle has no video slots")
    coverage.gate_bundle(call, bundle)
    column = f"{what}_quantity"
    total = bundle[column] + quantity
    if what == "videos":
        insert_slots(call, bundle_id, bundle["videos_quantity"], quantity)
    else:
        check_edits(total, bundle["videos_quantity"])
    touch(call, bundle, **{column: total})
    order = Order(videos=quantity) if what == "videos" else Order(edits=quantity)
    credits.charge(
        call,
        parts={what: call.prices.cost(order).parts[what]},
        description=f"{quantity} {'video' if what == 'videos' else 'edit'} slots added",
        bundle_ids=[bundle_id],
        external_ref=bundle["external_ref"],
    )
    return credits.paid(call, {"bundle_id": bundle_id, column: total, "slots_added": quantity})


# What an order consists of


def insert_bundle(
    work: Work,
    *,
    bundle_type: str,
    platform: str,
    country: str,
    videos: int,
    edits: int,
    title: str | None,
    external_ref: str | None,
    auto_finalize: bool,
    extras: Extras,
    account: Row | None,
    is_bulk: bool = False,
) -> Row:
    """Write a bundle with its empty slots and announce it. Charging is the caller's part."""
    bundle_id = work.new_id()
    work.store.insert(
        "bundles",
        id=bundle_id,
        bundle_type=bundle_type,
        title=title,
        platform=platform,
        country=country_code(country),
        country_sent=country,
        status="pending_setup",
        external_ref=external_ref,
        is_bulk=is_bulk,
        videos_quantity=videos,
        edits_quantity=edits,
        auto_finalize_videos=auto_finalize,
        options=extras.options,
        warming=extras.warming,
        listing_id=work.new_id(),
        account_status=assumed.VIDEOS_ONLY_ACCOUNT_STATUS if account else "pending",
        profile={},
        saved_account_id=account["id"] if account else None,
        created_at=work.now,
        updated_at=work.now,
    )
    insert_slots(work, bundle_id, 0, videos)
    bundle = find_bundle(work, bundle_id)
    webhooks.emit(work, "bundle.created", bundle_event(bundle))
    return bundle


def insert_slots(work: Work, bundle_id: str, after_position: int, quantity: int) -> None:
    for position in range(after_position + 1, after_position + quantity + 1):
        work.store.insert(
            "videos",
            id=work.new_id(),
            bundle_id=bundle_id,
            position=position,
            status="pending",
            content={},
            paid_options=[],
            download_issue=False,
            created_at=work.now,
            updated_at=work.now,
        )


def describe(platform: str, order: Order) -> str:
    """A history row's text: `Bundle created: 1 TikTok account, 10 videos`."""
    parts = [f"{order.account} {PLATFORMS[platform]} account"] if order.account else []
    if order.videos:
        parts.append(f"{order.videos} video{'s' if order.videos > 1 else ''}")
    return f"Bundle created: {', '.join(parts)}"


# Rules


def read_platform(fields: Fields, value: Any, name: str) -> str:
    """A platform that can be ordered. Raises YOUTUBE_DELAYED."""
    if value == "youtube":
        raise ApiError(
            assumed.YOUTUBE_DELAYED_STATUS, "YOUTUBE_DELAYED", "YouTube bundles cannot be ordered yet"
        )
    if value not in ORDERABLE_PLATFORMS:
        fields.refuse(name, f"must be one of {', '.join(ORDERABLE_PLATFORMS)}")
        return "tiktok"
    return str(value)


def check_country(country: str) -> None:
    if country_code(country) not in COUNTRIES:
        raise ApiError(400, "COUNTRY_NOT_ENABLED", f"{country} is not open for new accounts", country=country)


def check_edits(edits: int, videos: int) -> None:
    if edits > videos:
        raise ApiError(
            400,
            "EDITS_EXCEED_VIDEOS",
            "edits_quantity cannot exceed videos_quantity",
            edits_quantity=edits,
            videos_quantity=videos,
        )


def _same_order(call: Call, external_ref: str) -> Row | None:
    """An earlier single order for a new account with the same ref; bulk batches do not count (assumed)."""
    return call.store.one(
        "SELECT * FROM bundles WHERE external_ref = ? AND NOT is_bulk AND bundle_type != 'videos_only' "
        "AND status NOT IN ('cancelled', 'archived') ORDER BY seq LIMIT 1",
        external_ref,
    )


def _refuse_or_answer_existing(call: Call, existing: Row) -> Json:
    if assumed.DUPLICATE_GUARD_ANSWERS_EXISTING:
        return credits.paid(call, created_json(call, existing))
    raise ApiError(
        assumed.DUPLICATE_BUNDLE_STATUS,
        "DUPLICATE_ACCOUNT_BUNDLE",
        "A bundle with this external_ref exists",
        existing_bundle_id=existing["id"],
    )


def _use_allowance(work: Work, bundles: int) -> None:
    if bundles:
        allowance = work.store.recall("allowance")
        work.store.remember("allowance", allowance | {"remaining": allowance["remaining"] - bundles})
