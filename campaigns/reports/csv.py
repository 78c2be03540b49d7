"""A statement as CSV: one table for the whole month, told apart by its first column.

`section` is one of
  summary   `item` and `value`: client, month, opening, charged, closing, not_booked (credits of orders that are
            charged but not in TokPortal's history yet: in no other figure until they are), budget, budget_left
            (credits; empty = no limit), bundles, videos_went_live, videos_live, views_gained, engagement_gained
            (empty = no data yet)
  charge    a line of credits: date, what, campaign, reference of the bundle, credits (negative = given back)
  bundle    ordered in the month or with a video that went live in it: date of the order, what, campaign,
            reference, country, platform, status, slots in `value`
  video     live at the month's end: date it went live, what, campaign, reference of its bundle, country, platform,
            link, figures in all (`views` …) and gained in the month (`…_gained`; empty = no data yet)

Days are in the agency's zone, YYYY-MM-DD. UTF-8, CRLF line ends, no byte order mark. Text that a spreadsheet would
run as a formula begins with an apostrophe.
"""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from agency.downloads import csv_download
from campaigns.reports.results import METRICS
from campaigns.reports.statement import Statement

COLUMNS = (
    "section",
    "item",
    "value",
    "date",
    "what",
    "campaign",
    "reference",
    "country",
    "platform",
    "status",
    "link",
    "credits",
    *METRICS,
    "views_gained",
    "engagement_gained",
)


def statement_csv(statement: Statement) -> StreamingHttpResponse:
    """The one drawing of a statement as CSV: the page's download and the command's file are these bytes."""
    name = f"{statement.client_slug}-{statement.month}"
    lines = ([row.get(column) for column in COLUMNS] for row in rows_of(statement))
    return csv_download(name, COLUMNS, lines)


def rows_of(statement: Statement) -> Iterator[dict[str, object]]:
    """Column → value; what a row does not have is left out."""
    summary = {
        "client": statement.client_name,
        "month": str(statement.month),
        "opening": statement.opening,
        "charged": statement.charged,
        "closing": statement.closing,
        "not_booked": statement.not_booked,
        "budget": statement.budget,
        "budget_left": statement.budget_left,
        "bundles": len(statement.bundles),
        "videos_went_live": statement.went_live,
        "videos_live": len(statement.videos),
        "views_gained": statement.views_gained,
        "engagement_gained": statement.engagement_gained,
    }
    for item, value in summary.items():
        yield {"section": "summary", "item": item, "value": value}
    for charge in statement.charges:
        yield {
            "section": "charge",
            "date": charge.day,
            "what": charge.what,
            "campaign": charge.campaign,
            "reference": charge.bundle_ref,
            "credits": charge.credits,
        }
    for bundle in statement.bundles:
        yield {
            "section": "bundle",
            "value": bundle.videos,
            "date": bundle.ordered_on,
            "what": bundle.name,
            "campaign": bundle.campaign,
            "reference": bundle.bundle_ref,
            "country": bundle.country,
            "platform": bundle.platform,
            "status": bundle.status,
        }
    for video in statement.videos:
        yield {
            "section": "video",
            "date": video.posted_on,
            "what": video.name,
            "campaign": video.campaign,
            "reference": video.bundle_ref,
            "country": video.country,
            "platform": video.platform,
            "link": video.url,
            **{metric: video.figures[metric].total for metric in METRICS},
            "views_gained": video.figures["views"].gained,
            "engagement_gained": video.engagement.gained,
        }
