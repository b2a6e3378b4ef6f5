"""Pictures: what they are taken as (`sniff`), what becomes of them (`pictures`), how (`render`), and where (`child`, alone).

Only `render` and `child` import the native libraries, and only a limited child process imports those two.
"""
