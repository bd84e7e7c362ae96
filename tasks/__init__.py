"""The task queue: how work is divided, leased, retried, cancelled and resumed.

The database is the single source of truth. The broker only carries hints.
"""
