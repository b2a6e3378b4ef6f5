"""The mails in English; names in braces are filled in, `{when}` and `{place}` are those of the event."""

from typing import Final, NamedTuple


class Text(NamedTuple):
    """A mail: its subject and paragraphs, and what stands on its link and before its code if it has them."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""


GREETING: Final = "Hello {handle},"
GREETING_OF_STRANGERS: Final = "Hello,"
BEFORE_CODE: Final = "Or copy this code into the app:"
FAREWELL: Final = "{name}"

_NOT_YOU: Final = "If this was not you, set a new password now and look through your sessions."
_NOT_YOU_TRIED: Final = "If that was you, set a new password. If not, do nothing: a good password is not guessed."
_RESET: Final = "Set a new password"

TEXTS: Final = {
    "VERIFY_EMAIL": Text(
        "Confirm your address",
        ("Please confirm that this address is yours. If you have no account here, do nothing.",),
        "Confirm the address",
    ),
    "CHANGE_EMAIL": Text(
        "Confirm your new address",
        ("You want this to be the address of your account. If that was not you, do nothing.",),
        "Confirm the address",
    ),
    "ADDRESS_IN_USE": Text(
        "Your address was given for another account",
        ("Somebody wanted to use this address for another account. It is yours already, so nothing has changed.",),
    ),
    "RESTORE_EMAIL": Text(
        "The address of your account was changed",
        (
            "Mails no longer go to this address since {when}.",
            "If that was not you, take the account back within seven days. Then set a new password.",
            "Taking it back logs everybody out, and makes this address the account's again.",
        ),
        "Take the account back",
    ),
    "RESET_PASSWORD": Text(
        "Set a new password",
        ("This works for half an hour, and once. If you did not ask for it, do nothing: your password stays.",),
        _RESET,
    ),
    "EmailChanged": Text("This is the address of your account now", ("Mails go to this address since {when}.",)),
    "PasswordChanged": Text("Your password was changed", ("Your password was changed on {when}.", _NOT_YOU), _RESET),
    "SecondFactorEnabled": Text(
        "Two-factor log-in is on", ("Since {when}, logging in takes a second factor.", _NOT_YOU), _RESET
    ),
    "SecondFactorDisabled": Text(
        "Two-factor log-in is off", ("Since {when}, a password is enough to log in.", _NOT_YOU), _RESET
    ),
    "RecoveryCodeUsed": Text(
        "A recovery code was used", ("On {when}, somebody logged in with a recovery code.", _NOT_YOU), _RESET
    ),
    "RecoveryCodesRenewed": Text(
        "Your recovery codes are new", ("On {when}, new recovery codes were made. The old ones work no more.", _NOT_YOU)
    ),
    "ProviderLinked": Text(
        "Another way to log in",
        (
            "Since {when}, an account at another service can log in here.",
            "If this was not you, remove it from your account, and set a new password now.",
        ),
        _RESET,
    ),
    "ProviderUnlinked": Text(
        "A way to log in was removed",
        ("Since {when}, an account elsewhere logs in no more.", _NOT_YOU),
        _RESET,
    ),
    "RefreshTokenReused": Text(
        "A session was ended for your safety",
        (
            "On {when}, the session on {device} was ended: somebody else may have had a copy of it.",
            "Log in there again. If you see a session that you do not know, end it and set a new password.",
        ),
        _RESET,
    ),
    "LogInsFailed": Text(
        "Somebody tries to log in as you",
        ("On {when}, wrong passwords were given for your account again and again. None was right.", _NOT_YOU_TRIED),
        _RESET,
    ),
    "UnusualLogIn": Text(
        "A log-in on another device",
        ("On {when}, somebody logged in on {device}, {place}.", _NOT_YOU),
        _RESET,
    ),
    "HandleChanged": Text("Your handle was changed", ("Since {when}, your handle is {handle}.", _NOT_YOU), _RESET),
    "AccountDeactivated": Text(
        "Your account sleeps", ("Since {when}, nobody sees your account. Log in to wake it up.", _NOT_YOU), _RESET
    ),
    "AccountDeletionRequested": Text(
        "Your account will be deleted",
        ("On {when}, you asked for it. Until {deletion} you can log in and call it off.", _NOT_YOU),
        _RESET,
    ),
    "AccountDeletionCancelled": Text(
        "Your account stays", ("On {when}, the deletion of your account was called off.", _NOT_YOU), _RESET
    ),
}
UNKNOWN_PLACE: Final = "at a place we do not know"
PLACE: Final = "near {place}"
UNKNOWN_DEVICE: Final = "a device"
