"""What people may send us, one file a subject."""
