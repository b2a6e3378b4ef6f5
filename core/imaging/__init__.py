"""Pictures: what they are (`sniff`), what becomes of them (`pictures`), how (`render`), and where (`child`, confined).

Only `load`, `color`, `render` and `child` import the native libraries, and only a confined child process imports them.
"""
