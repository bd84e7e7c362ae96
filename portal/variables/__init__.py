"""The environment variables of the portal: declared once, read by the settings, documented in docs/operations.md."""
