"""A set-up that cannot work is one sentence that says what to mend, and one exit code, whoever finds it."""

WRONG_SET_UP = 78
"""`EX_CONFIG` of sysexits: whoever starts us again need not, nothing changes by that."""


class SetUpWrong(Exception):
    """A setting, a file or a database that the hub cannot work with; the text says which and what to do.

    Only `hub.commands.calling` ends a program for it.
    """
