"""``python -m mate_arena.conformance FILE...``: replay recordings of the game and report every disagreement."""
