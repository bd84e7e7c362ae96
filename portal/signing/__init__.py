"""Authentication with django-allauth, and this portal's rules for it."""
