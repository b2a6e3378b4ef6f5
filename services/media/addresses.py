"""Which file of a picture answers for a wish, and the address it is fetched from."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from core import clock
from core.imaging.pictures import ImageFormat, ImageSize, best_size
from core.storage.port import ObjectStore
from services.media.files import public_key
from services.visibility.rows import MediaRow, RenditionRow

SIGNED_FOR = timedelta(minutes=10)
"""How long a signed address is good for at most."""

# An address stays the same for so long, so that clients find a picture they have fetched before in their cache.
_SAME_FOR = timedelta(minutes=2)


def address(store: ObjectStore, media: MediaRow, file: RenditionRow) -> str:
    """Where a file is fetched from: for ever if the picture is public, else by a signature that runs out."""
    if media.is_public:
        return store.url(public_key(file.key))
    now = clock.now()
    return store.sign_get(file.key, _turn(now) + SIGNED_FOR - now).url


def good_until(media: MediaRow) -> datetime | None:
    """Until when the addresses of a picture are good, read now or a moment ago; None if they never run out."""
    if media.is_public or not media.renditions:
        return None
    return _turn(clock.now()) + SIGNED_FOR - _SAME_FOR


def best_file(media: MediaRow, size: ImageSize, formats: Sequence[ImageFormat]) -> RenditionRow | None:
    """The file that answers for a size: one of exactly that size in the best of the formats, else the nearest to it."""
    near = [file for file in (_nearest(media, size, format_) for format_ in formats) if file]
    exact = [file for file in near if file.size == size]
    return next(iter(exact or near), None)


def scaled_files(media: MediaRow, format_: ImageFormat) -> list[RenditionRow]:
    """The files of a format that differ in nothing but their width, the smallest first."""
    apart = {ImageSize.THUMBNAIL, ImageSize.ORIGINAL}
    return [file for file in media.renditions if file.format == format_ and ImageSize(file.size) not in apart]


def _nearest(media: MediaRow, size: ImageSize, format_: ImageFormat) -> RenditionRow | None:
    files = {ImageSize(file.size): file for file in media.renditions if file.format == format_}
    found = best_size(size, files)
    return files[found] if found else None


def _turn(now: datetime) -> datetime:
    """The moment since when addresses are the same as now."""
    return now - (now - datetime.min.replace(tzinfo=UTC)) % _SAME_FOR
