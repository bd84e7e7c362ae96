"""Charts as SVG, and the tables with the same numbers."""
