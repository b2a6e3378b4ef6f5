"""The page of development that shows the mails and text messages people would have been sent."""

from aperture.letterbox.routes import letterbox_routes

__all__ = ["letterbox_routes"]
