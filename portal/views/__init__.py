"""The website, one file per page. A view parses, calls one function of the floor below and renders."""
