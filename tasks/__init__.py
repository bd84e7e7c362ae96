"""How work is cut into tasks, leased, retried, cancelled and resumed.

The database is the truth; the broker carries hints.
"""
