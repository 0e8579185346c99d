"""The exceptions that reach a user."""


class InputError(ValueError):
    """Something the user gave cannot be used; the message says what is wrong and what to do.

    Windows show the message, the shell prints it and exits with status 2; nothing was changed.
    """


class NotHounsfieldError(InputError):
    """An image that does not look like a CT in HU; whoever knows better may say that it is one."""
