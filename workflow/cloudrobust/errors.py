"""The one error that a user is meant to read."""


class InputError(ValueError):
    """Something the user brought is wrong.

    The message is one sentence that names the file, the field and the mend; the
    workflow prints it without a traceback.
    """
