"""Notifications: collected from the database after each sweep, shown on the website, sent by e-mail and to webhooks."""
