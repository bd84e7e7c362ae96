"""Notifications: found among the facts after each sweep, shown in the site, sent to webhooks."""
