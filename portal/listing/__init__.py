"""Lists: filters, order, columns, and the search over everything that has a page."""
