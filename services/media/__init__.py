"""Pictures from upload to post: what other features ask for stands here, each step in a file of its own."""

from core.imaging.pictures import MAX_BYTES
from services.media.announcing import CONTENT_TYPES, PURPOSES
from services.media.attaching import Attachment, attach, claim_avatar

__all__ = ["CONTENT_TYPES", "MAX_BYTES", "PURPOSES", "Attachment", "attach", "claim_avatar"]
