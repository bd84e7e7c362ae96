from django.apps import AppConfig, apps


class PortalConfig(AppConfig):
    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Connect the check of user names, the notifications after each sweep, and error reporting and tracing."""
        from portal.notifications.collecting import collect
        from portal.notifications.letters import start_sending as start_mailing
        from portal.notifications.webhooks import start_sending
        from portal.people.names import check_user_name
        from portal.server import observing
        from tasks.sweeping import swept

        swept.connect(lambda **_: collect(), weak=False, dispatch_uid="collect")
        swept.connect(lambda **_: start_sending(), weak=False, dispatch_uid="start_sending")
        swept.connect(lambda **_: start_mailing(), weak=False, dispatch_uid="start_mailing")

        observing.begin()
        apps.get_model("auth", "User")._meta.get_field("username").validators.append(check_user_name)
