"""The launcher behind `make run`: prepares what is missing, starts the portal's processes and keeps them alive.

It uses only the standard library and imports neither Django nor the game, so that it starts at once and stays small.
"""
