"""The website: one file a page. A view parses, calls one function of the floor below and renders."""
