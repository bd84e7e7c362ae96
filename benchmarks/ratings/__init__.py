"""Studies of ratings and formats in synthetic leagues with known true payoffs."""
