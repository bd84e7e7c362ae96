"""Pictures of figures as SVG, and the tables that stand beside them."""
