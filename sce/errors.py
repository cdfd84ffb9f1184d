"""The one exception a user is meant to read: a problem in what they gave us, with the way out."""


class InputError(Exception):
    """Bad input, told so that it can be mended: which file, which key, what was found, what is allowed."""

    def __init__(self, where, key, found, allowed):
        self.where, self.key, self.found, self.allowed = str(where), str(key), found, allowed
        super().__init__(f"{self.where}: {self.key}: found {found!r}; allowed: {allowed}")
