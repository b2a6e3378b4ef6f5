"""Pictures: what they are (`sniff`), what becomes of them (`pictures`), how (`render`), and where (`child`, confined).

Only `load`, `color`, `render` and `child` import the native libraries, and of the product's processes only a confined
child imports those; `parent` is the other end of its pipes.
"""
