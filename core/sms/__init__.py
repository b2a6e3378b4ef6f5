"""Text messages: one port (`port`), a gateway with signed HTTP requests (`gateway`) or a local folder behind it."""

from core.sms.opening import open_sms
from core.sms.port import Sms, Texter, Unreachable

__all__ = ["Sms", "Texter", "Unreachable", "open_sms"]
