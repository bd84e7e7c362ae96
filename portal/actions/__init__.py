"""What surrounds an action on a page: the question before it, its buttons, the message after it."""
