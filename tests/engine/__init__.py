"""The kinds of fields and how operations run over them."""
