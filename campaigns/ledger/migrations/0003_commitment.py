from django.db import migrations, models

VIEW = """
    CREATE VIEW ledger_commitment AS
    SELECT 'reservation-' || reservation.id AS key, reservation.connection_id, reservation.client_id,
        reservation.campaign_id, reservation.credits, NULL::timestamptz AS booked_at
    FROM ledger_reservation AS reservation
    WHERE reservation.state <> 'void' AND NOT EXISTS (
        SELECT FROM ledger_allocation AS standing
        WHERE standing.command_id = reservation.command_id AND standing.reverses_id IS NULL AND NOT EXISTS (
            SELECT FROM ledger_allocation AS reversal WHERE reversal.reverses_id = standing.id
        )
    )
    UNION ALL
    SELECT 'allocation-' || allocation.id, entry.connection_id, allocation.client_id,
        allocation.campaign_id, -allocation.amount, entry.created_at
    FROM ledger_allocation AS allocation JOIN ledger_creditentry AS entry ON entry.id = allocation.entry_id
    WHERE allocation.client_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_find_new_charges")]

    operations = [
        migrations.RunSQL(VIEW, "DROP VIEW ledger_commitment"),
        migrations.CreateModel(
            name="Commitment",
            fields=[
                ("key", models.TextField(primary_key=True, serialize=False)),
                ("credits", models.IntegerField()),
                ("booked_at", models.DateTimeField(null=True)),
            ],
            options={"db_table": "ledger_commitment", "managed": False},
        ),
    ]
