"""Lists: filters, sorting, columns, and the search over everything that has a page."""
