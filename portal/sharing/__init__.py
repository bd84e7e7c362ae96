"""Sharing outside the portal: downloads, feeds, site maps, link previews, files for papers."""
