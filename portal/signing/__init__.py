"""How people prove who they are: what django-allauth is told of this portal's rules."""
