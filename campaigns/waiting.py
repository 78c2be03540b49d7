"""What waits for a person, read across the tables in one question. `campaigns.attention` words it.

The question is SQL, because it is asked by the pages that are opened most: as eight questions of the ORM it
took five times as long, nearly all of it spent on composing them.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection as database

from campaigns.models import Bundle, Command

MOST = 100  # of each sort: nobody reads further, and the page stays small


@dataclass(frozen=True, slots=True)
class Waiting:
    """One waiting thing, or `n` alike. `since` is TokPortal's time, except for stale figures (machine time)."""

    sort: str  # a key of campaigns.attention.SORTS
    client_id: int | None  # None = nobody's, and so the owners'
    n: int = 1
    since: datetime | None = None
    campaign: str = ""
    bundle_id: int | None = None
    title: str = ""
    country: str = ""
    platform: str = ""
    username: str = ""
    slug: str = ""  # the client's
    command_id: int | None = None
    kind: str = ""
    credits: int | None = None
    launch_id: int | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """How old things must be, or may be, to be waiting."""

    refused: datetime  # younger refusals only; TokPortal's time
    with_manager: datetime  # untouched since before it; TokPortal's time
    due: date  # videos planned before it should be live
    read: datetime  # figures older than it are stale; machine time
    now: datetime  # machine time
    queued: datetime  # should have left before it; machine time
    sending: datetime  # its lease ended before it; machine time
    unknown: datetime  # without an outcome since before it; TokPortal's time


def waiting_rows(
    clients: Collection[int], *, connection_id: int | None, since: Since, for_owner: bool
) -> list[Waiting]:
    """Everything of these clients that waits, at most MOST rows of each sort. One query.

    Owners are also told what belongs to nobody in the workspace `connection_id`.
    """
    with database.cursor() as cursor:
        cursor.execute(
            SQL,
            {
                "clients": list(clients),
                "connection": connection_id,
                "for_owner": for_owner,
                "handed_over": list(Bundle.HANDED_OVER),
                "ended": list(Bundle.ENDED),
                "refused_since": since.refused,
                "untouched_since": since.with_manager,
                "due_before": since.due,
                "read_before": since.read,
                "queued_before": since.queued,
                "sending_before": since.sending,
                "unknown_before": since.unknown,
                "now": since.now,
                "needs_capacity": list(Command.NEEDS_CAPACITY),
                "most": MOST,
            },
        )
        names = [column.name for column in cursor.description or ()]
        return [Waiting(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


# The columns are those of Waiting. `mine` is not materialised, so that each part finds its own index.
# It starts with SELECT, which pghistory recognises as a question that changes nothing.
SQL = """
SELECT * FROM (
WITH mine AS NOT MATERIALIZED (
    SELECT bundle.*, campaign.client_id, campaign.name AS campaign
    FROM campaigns_bundle AS bundle JOIN campaigns_campaign AS campaign ON campaign.id = bundle.campaign_id
    WHERE campaign.archived_at IS NULL AND campaign.client_id = ANY(%(clients)s)
),
waiting_bundle AS (
    (
        -- An account in review, or one that was asked to change
        SELECT CASE account_status WHEN 'in_review' THEN 'account_in_review' ELSE 'account_change' END AS sort,
            client_id, account_status_since AS since, campaign, id, title, country, platform, saved_account_id
        FROM mine
        WHERE status = ANY(%(handed_over)s) AND account_status IN ('in_review', 'pending_corrections')
        ORDER BY account_status_since LIMIT %(most)s
    ) UNION ALL (
        -- Everything set up, and only to be published
        SELECT 'ready', client_id, status_since, campaign, id, title, country, platform, NULL
        FROM mine
        WHERE status = 'pending_setup'
            AND (account_status = 'configured' OR bundle_type = 'videos_only')
            AND (
                bundle_type = 'account_only'
                OR EXISTS (SELECT FROM campaigns_video AS video
                    WHERE video.bundle_id = mine.id AND video.status = 'configured')
                AND NOT EXISTS (SELECT FROM campaigns_video AS video
                    WHERE video.bundle_id = mine.id AND video.status = 'pending')
            )
        ORDER BY status_since LIMIT %(most)s
    ) UNION ALL (
        -- With TokPortal's manager for longer than usual
        SELECT 'stuck', client_id, greatest(status_since, account_status_since), campaign, id, title, country,
            platform, NULL
        FROM mine
        WHERE greatest(status_since, account_status_since) < %(untouched_since)s
            AND status IN ('published', 'published_priority', 'accepted')
            AND account_status IN ('published', 'accepted')
        ORDER BY status_since LIMIT %(most)s
    )
),
waiting_video AS (
    -- In review, asked to change, or without a working link; the slots of one bundle that wait alike are one
    (
        SELECT CASE
                WHEN video.has_download_issue THEN 'no_download'
                WHEN video.status = 'pending_corrections' THEN 'videos_change'
                WHEN mine.auto_finalize_videos THEN 'videos_in_review'
                ELSE 'videos_to_finalise'
            END AS sort,
            mine.id, mine.client_id, mine.campaign, mine.title, mine.country, mine.platform,
            count(*) AS n, min(video.status_since) AS since
        FROM mine JOIN campaigns_video AS video ON video.bundle_id = mine.id
        WHERE video.status IN ('in_review', 'pending_corrections') OR video.has_download_issue
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY since LIMIT %(most)s
    ) UNION ALL (
        -- Planned, and not live although TokPortal's days for it are over
        SELECT 'late', mine.id, mine.client_id, mine.campaign, mine.title, mine.country, mine.platform,
            count(*), min(video.status_since) AS since
        FROM mine JOIN campaigns_video AS video ON video.bundle_id = mine.id
        WHERE video.status IN ('published', 'accepted') AND NOT video.has_download_issue
            AND video.publish_date < %(due_before)s AND mine.status = ANY(%(handed_over)s)
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY since LIMIT %(most)s
    )
),
waiting_command AS (
    -- Outcomes that a person must decide, refusals that nobody has tried again, surprising charges
    (
    SELECT CASE state WHEN 'unknown' THEN 'undecided' WHEN 'refused' THEN 'refused'
            WHEN 'awaiting' THEN 'to_approve' ELSE 'charged_differently' END AS sort,
        id, kind, client_id, campaign_id, bundle_id, state_since AS since,
        CASE state WHEN 'succeeded' THEN credits_charged ELSE nullif(quoted_credits, 0) END AS credits
    FROM campaigns_command AS command
    WHERE (client_id = ANY(%(clients)s) OR %(for_owner)s AND client_id IS NULL)
        AND (state IN ('awaiting', 'unknown', 'refused') OR is_charged_differently)
        AND (
            state = 'awaiting'
            OR state = 'unknown' AND needs_person
            OR state_since >= %(refused_since)s AND (
                %(for_owner)s AND state = 'succeeded' AND is_charged_differently
                -- Three questions, each with its own index
                OR state = 'refused' AND NOT EXISTS (
                    SELECT FROM campaigns_command AS later
                    WHERE later.bundle_id = command.bundle_id AND later.id > command.id
                        AND later.kind = command.kind AND later.target = command.target AND later.state <> 'void'
                ) AND NOT EXISTS (
                    SELECT FROM campaigns_command AS later
                    WHERE command.kind = 'create_bundle' AND later.kind = 'create_bundle'
                        AND later.client_id = command.client_id AND later.campaign_id = command.campaign_id
                        AND later.id > command.id AND later.state <> 'void'
                ) AND NOT EXISTS (
                    SELECT FROM campaigns_command AS later
                    WHERE command.client_id IS NULL AND later.client_id IS NULL AND later.bundle_id IS NULL
                        AND later.kind = command.kind AND later.id > command.id AND later.state <> 'void'
                )
            )
        )
    ORDER BY state_since LIMIT %(most)s
    ) UNION ALL (
    -- Longer in their state than that takes, though nothing keeps them from leaving (CommandQuerySet.overdue)
    SELECT 'overdue', command.id, kind, client_id, campaign_id, bundle_id, state_since, nullif(quoted_credits, 0)
    FROM campaigns_command AS command JOIN agency_connection AS way ON way.id = command.connection_id
    WHERE (client_id = ANY(%(clients)s) OR %(for_owner)s AND client_id IS NULL)
        AND state IN ('queued', 'sending', 'unknown')
        AND (
            state = 'queued' AND next_try_at < %(queued_before)s
            AND way.paused_at IS NULL AND way.key_refused_at IS NULL
            AND (way.cooling_until IS NULL OR way.cooling_until <= %(now)s OR kind <> ALL(%(needs_capacity)s))
            AND NOT EXISTS (
                SELECT FROM campaigns_stop AS stop
                WHERE stop.lifted_at IS NULL AND (
                    stop.client_id IS NULL
                    OR stop.client_id = command.client_id AND stop.campaign_id IS NULL
                    OR stop.campaign_id = command.campaign_id
                )
            )
            OR state = 'sending' AND lease_until < %(sending_before)s
            OR state = 'unknown' AND NOT needs_person AND state_since < %(unknown_before)s
        )
    ORDER BY state_since LIMIT %(most)s
    )
)
SELECT sort, client_id, 1::bigint AS n, since, campaign, waiting_bundle.id AS bundle_id, title,
    waiting_bundle.country, waiting_bundle.platform, coalesce(account.username, '') AS username, '' AS slug,
    NULL::bigint AS command_id, '' AS kind, NULL::bigint AS credits, NULL::bigint AS launch_id
FROM waiting_bundle LEFT JOIN campaigns_savedaccount AS account ON account.id = saved_account_id
UNION ALL
SELECT sort, client_id, n, since, campaign, id, title, country, platform, '', '', NULL, '', NULL, NULL
FROM waiting_video
UNION ALL
SELECT sort, waiting_command.client_id, 1, since, coalesce(campaign.name, ''), bundle_id,
    coalesce(bundle.title, ''), coalesce(bundle.country, ''), coalesce(bundle.platform, ''), '', '',
    waiting_command.id, kind, credits, NULL
FROM waiting_command
    LEFT JOIN campaigns_campaign AS campaign ON campaign.id = waiting_command.campaign_id
    LEFT JOIN campaigns_bundle AS bundle ON bundle.id = bundle_id
UNION ALL
-- Countries of a launch that a rule of ours keeps from going on; what TokPortal refused is told above
SELECT 'launch_stopped', campaign.client_id, count(*), min(launch.asked_at), campaign.name, NULL, '', '', '', '', '',
    NULL, '', NULL, launch.id
FROM launches_launchline AS line
    JOIN launches_launch AS launch ON launch.id = line.launch_id
    JOIN campaigns_campaign AS campaign ON campaign.id = launch.campaign_id
WHERE line.finished_at IS NULL AND line.stopped_at_step <> ''
    AND campaign.archived_at IS NULL AND campaign.client_id = ANY(%(clients)s)
GROUP BY launch.id, campaign.id
UNION ALL
-- Clients whose accounts nobody has read for too long
SELECT 'stale', client.id, count(*), min(account.analytics_at), '', NULL, '', '', '', '', client.slug, NULL, '', NULL,
    NULL
FROM campaigns_savedaccount AS account
    JOIN campaigns_campaign AS campaign ON campaign.id = account.campaign_id
    JOIN clients_client AS client ON client.id = campaign.client_id
WHERE client.id = ANY(%(clients)s) AND NOT account.is_banned AND %(connection)s::bigint IS NOT NULL
    AND (account.analytics_at < %(read_before)s
        OR account.analytics_at IS NULL AND account.upstream_created_at < %(read_before)s)
GROUP BY client.id
UNION ALL
-- What belongs to nobody: charges, and bundles that somebody ordered elsewhere
SELECT 'unassigned', NULL, count(*), min(entry.created_at), '', NULL, '', '', '', '', '', NULL, '', -sum(entry.amount),
    NULL
FROM ledger_unassignedentry AS waiting JOIN ledger_creditentry AS entry ON entry.id = waiting.entry_id
WHERE %(for_owner)s AND entry.connection_id = %(connection)s HAVING count(*) > 0
UNION ALL
SELECT 'unclaimed', NULL, count(*), min(upstream_created_at), '', NULL, '', '', '', '', '', NULL, '', NULL, NULL
FROM campaigns_bundle
WHERE %(for_owner)s AND connection_id = %(connection)s AND campaign_id IS NULL AND status <> ALL(%(ended)s)
HAVING count(*) > 0
) AS waiting
"""
