"""``python -m mate.conformance FILE...``: replay recordings of the game and report every disagreement."""
