"""POST …/videos/import-csv: a sheet of slots, one per row; valid rows are imported even when others fail."""

import csv
import io
from typing import Any

from . import coverage
from .bundles import find_bundle
from .call import Call
from .errors import ApiError, invalid, unknown_fields
from .slots import FLAGS, SLOT_FIELDS, find_slot
from .video_steps import publish_configured
from .videos import charge_options, configure_slot
from .work import Json

LISTS = ("carousel_images", "instagram_collaborators")  # `;` between the items
NUMBERS = ("volume_original_sound", "volume_added_sound")
COLUMNS = ("position", "target_publish_start_date", *SLOT_FIELDS)


def import_csv(call: Call, bundle_id: str) -> Json:
    bundle = find_bundle(call, bundle_id)
    file = call.files.get("file")
    if file is None:
        raise invalid(file="is required")
    try:
        sheet = csv.DictReader(io.StringIO(file.read().decode("utf-8-sig")))
        columns = list(sheet.fieldnames or [])
        rows = list(sheet)
    except (UnicodeDecodeError, csv.Error) as error:
        raise invalid(file=f"is not a CSV file in UTF-8: {error}") from None
    if unknown := [column for column in columns if column not in COLUMNS]:
        raise unknown_fields(unknown)
    coverage.gate_bundle(call, bundle)
    imported = 0
    errors: list[Json] = []
    parts: dict[str, int] = {}
    for number, row in enumerate(rows, start=2):  # the header is row 1 (assumed)
        try:
            with call.store.savepoint():
                body = read_row(row)
                slot = find_slot(call, bundle, body.pop("position", None))
                for part, amount in configure_slot(call, bundle, slot, body).items():
                    parts[part] = parts.get(part, 0) + amount
        except ApiError as refusal:
            errors.append({"row": number, "code": refusal.code, "message": refusal.message})
        else:
            imported += 1
    charge_options(call, bundle, parts)
    data: Json = {"imported": imported, "skipped": len(errors), "errors": errors}
    if imported and call.form.get("auto_publish") == "true":
        data["adjusted_videos"] = publish_configured(call, bundle)
    return {"data": data}


def read_row(row: dict[str | Any, str | Any]) -> Json:
    """A row's non-empty cells as the fields of a configure call."""
    body: Json = {}
    for column, cell in row.items():
        text = cell.strip() if isinstance(cell, str) else ""
        if column is None or not text:
            continue
        name = "target_publish_date" if column == "target_publish_start_date" else column
        body[name] = _read_cell(name, text)
    return body


def _read_cell(name: str, text: str) -> Any:
    if name in LISTS:
        return [item.strip() for item in text.split(";") if item.strip()]
    if name in FLAGS and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if name in NUMBERS and text.isdigit():
        return int(text)
    return text
