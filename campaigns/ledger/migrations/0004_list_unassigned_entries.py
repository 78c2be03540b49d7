"""Put the entries that are there already on the list that triggers keep from now on."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_unassigned_entries")]
    operations = [
        migrations.RunSQL(
            """
            INSERT INTO ledger_unassignedentry (entry_id)
            SELECT entry.id FROM ledger_creditentry AS entry
            WHERE entry.amount <> 0 AND NOT EXISTS (
                SELECT FROM ledger_allocation AS made
                WHERE made.entry_id = entry.id AND made.reverses_id IS NULL AND NOT EXISTS (
                    SELECT FROM ledger_allocation AS reversal WHERE reversal.reverses_id = made.id
                )
            )
            ON CONFLICT DO NOTHING
            """,
            migrations.RunSQL.noop,
        )
    ]
