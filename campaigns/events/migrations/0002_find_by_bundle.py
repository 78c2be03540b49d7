from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("events", "0001_first")]

    operations = [
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(models.F("body__data__bundle_id"), name="event_by_bundle"),
        ),
        migrations.AddIndex(
            model_name="webhookevent",
            index=models.Index(models.F("body__data__saved_account_id"), name="event_by_saved_account"),
        ),
    ]
