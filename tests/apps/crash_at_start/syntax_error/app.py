"""Never runs: its third line is not Python."""

def broken(:
    pass
