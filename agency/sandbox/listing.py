"""The account a bundle asks for: configure it, ask for corrections, finalize, set its warming terms."""

import re

from . import assumed
from .bundles import complete_when_done, find_bundle, missing_profile_fields, move_account, touch
from .call import Call
from .clock import iso_millis
from .errors import ApiError
from .extras import rejected_terms
from .fields import Fields
from .store import Row
from .work import Json, Work

USERNAME = re.compile(r"[a-zA-Z0-9_.]{1,24}")
CORRECTABLE_FIELDS = ("username", "visible_name", "biography", "profile_picture", "profile_picture_url")


def find_listing(work: Work, bundle_id: str) -> Row:
    """A bundle that asks for an account. Raises ACCOUNT_NOT_FOUND for videos_only bundles."""
    bundle = find_bundle(work, bundle_id)
    if bundle["bundle_type"] == "videos_only":
        raise ApiError(
            404, "ACCOUNT_NOT_FOUND", "A videos_only bundle has no account step", bundle_id=bundle_id
        )
    return bundle


def get_account(call: Call, bundle_id: str) -> Json:
    bundle = find_listing(call, bundle_id)
    profile, corrections = bundle["profile"], bundle["corrections"] or {}
    return {
        "data": {
            "id": bundle["listing_id"],
            "bundle_id": bundle["id"],
            "status": bundle["account_status"],
            "username": profile.get("username"),
            "visible_name": profile.get("visible_name"),
            "biography": profile.get("biography"),
            "profile_picture_url": profile.get("profile_picture_url"),
            "link_in_bio": profile.get("link_in_bio"),
            "niche_warming_instructions": profile.get("niche_warming_instructions")
            or bundle["options"].get("niche_warming_instructions"),
            "saved_account_id": bundle["saved_account_id"],
            "correction_comment": corrections.get("comment"),
            "correction_fields": corrections.get("fields"),
            "configured_at": iso_millis(bundle["account_configured_at"]),
            "in_review_at": iso_millis(bundle["account_in_review_at"]),
            "finalized_at": iso_millis(bundle["account_finalized_at"]),
            "advanced_warming": _warming_json(bundle),
        }
    }


def configure_account(call: Call, bundle_id: str) -> Json:
    """PUT …/account: replaces the whole profile; what is missing keeps the bundle from being published."""
    bundle = find_listing(call, bundle_id)
    if bundle["status"] != "pending_setup":
        published = bundle["status"] in ("published", "published_priority", "accepted", "completed")
        raise ApiError(
            409,
            "BUNDLE_ALREADY_PUBLISHED" if published else "BUNDLE_INVALID_STATUS",
            f"The bundle is {bundle['status']}",
            current_status=bundle["status"],
        )
    fields = Fields(call.body)
    profile = {
        "username": fields.text("username", required=True, maximum=24),
        "visible_name": fields.text("visible_name", required=True, maximum=30),
        "biography": fields.text("biography", maximum=80),
        "profile_picture_url": fields.text("profile_picture_url", maximum=2000),
        "link_in_bio": fields.url("link_in_bio"),
        "niche_warming_instructions": fields.text("niche_warming_instructions", maximum=2000),
    }
    if profile["username"] and not USERNAME.fullmatch(profile["username"]):
        fields.refuse("username", "may hold letters, digits, dots and underscores only")
    if profile["link_in_bio"] and bundle["platform"] != "instagram":
        fields.refuse("link_in_bio", "is available on Instagram only")
    fields.check()
    touch(call, bundle, profile=profile, account_configured_at=call.now)
    if missing_profile_fields(bundle):
        move_account(call, bundle, "pending", announce=False)
    else:
        move_account(call, bundle, "configured")
    return {
        "data": {
            "id": bundle_id,
            "account": profile | {"status": bundle["account_status"], "configured_at": iso_millis(call.now)},
        }
    }


def request_corrections(call: Call, bundle_id: str) -> Json:
    """POST …/account/corrections: sends the submitted account back to the manager."""
    bundle = find_listing(call, bundle_id)
    _require_review(bundle)
    corrections = read_corrections(call.body, CORRECTABLE_FIELDS)
    move_account(call, bundle, "pending_corrections", corrections=corrections)
    return {"data": {"id": bundle_id, "account": {"status": "pending_corrections"}}}


def finalize_account(call: Call, bundle_id: str) -> Json:
    bundle = find_listing(call, bundle_id)
    _require_review(bundle)
    finalize(call, bundle)
    return {
        "data": {
            "id": bundle_id,
            "account": {"status": "finalized", "finalized_at": iso_millis(bundle["account_finalized_at"])},
        }
    }


def finalize(work: Work, bundle: Row) -> None:
    """Accept the submitted account; the bundle may be complete with it."""
    move_account(work, bundle, "finalized", account_finalized_at=work.now)
    complete_when_done(work, bundle)


def read_corrections(body: object, allowed: tuple[str, ...] | None = None) -> Json:
    """`comment` (required) and `fields`: field name -> feedback."""
    fields = Fields(body)
    comment = fields.text("comment", required=True, maximum=2000)
    feedback = fields.body.get("fields") or {}
    if not isinstance(feedback, dict):
        fields.refuse("fields", "must be an object")
    elif allowed and (unknown := [name for name in feedback if name not in allowed]):
        fields.refuse("fields", f"does not know {', '.join(unknown)}")
    fields.check()
    return {"comment": comment, "fields": feedback}


def configure_warming_terms(call: Call, bundle_id: str) -> Json:
    """PUT …/warming-terms: exactly the bought number of terms, once."""
    bundle = find_listing(call, bundle_id)
    warming = bundle["warming"]
    if warming is None:
        raise ApiError(404, "WARMING_SESSION_NOT_FOUND", "No advanced warming was bought for this bundle")
    if warming["terms"] is not None:
        raise ApiError(
            assumed.WARMING_TERMS_ALREADY_SET_STATUS, "WARMING_TERMS_ALREADY_SET", "The terms can be set once"
        )
    fields = Fields(call.body)
    terms = fields.texts("advanced_warming_terms", required=True) or []
    fields.check()
    if rejected := rejected_terms(terms):
        raise ApiError(
            assumed.WARMING_STATUS,
            "ADVANCED_WARMING_TERMS_REJECTED",
            "Some terms are refused",
            rejected=rejected,
        )
    if len(terms) != warming["terms_total"]:
        raise ApiError(
            assumed.WARMING_STATUS,
            "ADVANCED_WARMING_TERMS",
            f"{warming['terms_total']} terms were bought",
            purchased_terms_count=warming["terms_total"],
        )
    touch(call, bundle, warming=warming | {"terms": terms})
    return {"data": {"bundle_id": bundle_id, "advanced_warming": _warming_json(bundle)}}


def list_warming_sessions(call: Call, account_id: str) -> Json:
    rows = call.store.all("SELECT * FROM bundles WHERE saved_account_id = ? ORDER BY seq", account_id)
    sessions = [session_json(row) for row in rows if row["warming"]]
    return {"data": sessions}


def get_warming_session(call: Call, session_id: str) -> Json:
    row = call.store.one("SELECT * FROM bundles WHERE listing_id = ? AND warming IS NOT NULL", session_id)
    if row is None:
        raise ApiError(404, "WARMING_SESSION_NOT_FOUND", "No warming session with this id")
    return {"data": session_json(row)}


def session_json(bundle: Row) -> Json:
    """A warming session; its id is the listing's."""
    return {
        "id": bundle["listing_id"],
        "bundle_id": bundle["id"],
        "saved_account_id": bundle["saved_account_id"],
        **(_warming_json(bundle) or {}),
    }


def _warming_json(bundle: Row) -> Json | None:
    warming = bundle["warming"]
    if warming is None:
        return None
    started, completed = bundle["account_in_review_at"], bundle["account_finalized_at"]
    status = "completed" if completed else "in_progress" if started else "pending"
    return {
        "status": status,
        "terms_total": warming["terms_total"],
        "terms_verified": warming["terms_total"] if completed else 0,
        "terms_configured": len(warming["terms"] or []),
        "started_at": iso_millis(started),
        "completed_at": iso_millis(completed),
    }


def _require_review(bundle: Row) -> None:
    if bundle["account_status"] != "in_review":
        raise ApiError(
            409,
            "ACCOUNT_INVALID_STATUS",
            f"The account is {bundle['account_status']}, not in review",
            current_status=bundle["account_status"],
        )
