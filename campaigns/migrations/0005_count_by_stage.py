from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("campaigns", "0004_search")]

    operations = [
        migrations.AddIndex(
            model_name="bundle",
            index=models.Index(
                fields=["status", "account_status", "status_since"],
                include=["account_status_since"],
                name="bundle_by_stage",
            ),
        ),
    ]
