"""The environment variables of the portal: declared once, read by the settings, told in docs/operations.md."""
