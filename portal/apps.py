from django.apps import AppConfig, apps


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Check the names of users wherever one is made."""
        from portal.names import check_user_name

        apps.get_model("auth", "User")._meta.get_field("username").validators.append(check_user_name)
