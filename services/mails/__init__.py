"""What mails say: texts by language (`english`), filled in (`letters`), as plain text and HTML (`paper`)."""

from services.mails.letters import Letter, write
from services.mails.people import Person, find, session

__all__ = ["Letter", "Person", "find", "session", "write"]
