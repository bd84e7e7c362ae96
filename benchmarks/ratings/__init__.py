"""Studies of ratings and schedules in synthetic leagues, whose truth is known."""
