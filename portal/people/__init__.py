"""Users: names, permissions, visibility, quotas, languages, invitations, and deletion of accounts."""
