"""Studies of ratings and formats in synthetic leagues, whose truth is known."""
