"""Languages of accounts; keys of second factors, which lay open, are encrypted."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from portal.signing import secrets


def encrypt_factors(apps, schema_editor):
    for row in apps.get_model("mfa", "Authenticator").objects.all():
        for name in ("secret", "seed"):
            if name in row.data and not row.data[name].startswith(secrets.MARK):
                row.data[name] = secrets.encrypt(row.data[name])
        if "migrated_codes" in row.data:
            row.data["migrated_codes"] = [
                code if code.startswith(secrets.MARK) else secrets.encrypt(code) for code in row.data["migrated_codes"]
            ]
        row.save(update_fields=["data"])


def decrypt_factors(apps, schema_editor):
    for row in apps.get_model("mfa", "Authenticator").objects.all():
        for name in ("secret", "seed"):
            if name in row.data:
                row.data[name] = secrets.decrypt(row.data[name])
        if "migrated_codes" in row.data:
            row.data["migrated_codes"] = [secrets.decrypt(code) for code in row.data["migrated_codes"]]
        row.save(update_fields=["data"])


class Migration(migrations.Migration):

    dependencies = [
        ('portal', '0007_announcements_and_limits'),
        ('mfa', '0003_authenticator_type_uniq'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountLanguage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('language', models.CharField(max_length=16)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.RunPython(encrypt_factors, decrypt_factors),
    ]
