"""Who users are, what they may see, change and keep, and what remains when they leave."""
