"""Actions on pages: their buttons, the confirmation before them, and the message after them."""
