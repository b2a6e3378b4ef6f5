"""The store that the settings choose."""

from core.settings import Settings
from core.storage.local import LocalStorage
from core.storage.port import ObjectStore


def open_store(settings: Settings) -> ObjectStore:
    """S3 where a bucket is named, else the local folder; `ValueError` if neither is set."""
    if settings.s3_bucket is not None:
        return _s3(settings, settings.s3_bucket)
    if settings.storage_path is None:
        raise ValueError("set S3_BUCKET or APERTURE_STORAGE_PATH")
    return LocalStorage(settings.storage_path, settings.secret_key.get_secret_value(), settings.public_url)


def _s3(settings: Settings, name: str) -> ObjectStore:
    from core.storage.s3 import Bucket, S3Storage  # noqa: PLC0415 - boto3 costs 40 MB and half a second

    secret = settings.s3_secret_key
    return S3Storage(
        Bucket(
            name=name,
            region=settings.s3_region,
            access_key=settings.s3_access_key,
            secret_key=secret.get_secret_value() if secret else None,
            endpoint=settings.s3_endpoint,
            addressing=settings.s3_addressing,
        )
    )
