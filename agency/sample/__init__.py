"""A made-up agency with three months behind it: `plan` says what happens, `story` makes it happen."""
