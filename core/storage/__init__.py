"""Object storage: one port (`port`), what keys look like (`keys`), a local folder (`local`) or S3 (`s3`) behind it."""

from core.storage.opening import open_store
from core.storage.port import ListedObject, MissingObject, ObjectStore, SignedRequest, StoredObject

__all__ = ["ListedObject", "MissingObject", "ObjectStore", "SignedRequest", "StoredObject", "open_store"]
