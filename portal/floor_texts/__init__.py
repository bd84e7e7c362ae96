"""Lists of texts that `portal.texts` translates where they are shown. Nothing imports them."""
