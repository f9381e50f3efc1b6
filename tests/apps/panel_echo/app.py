"""Writes one variable into the title of its page, which the first GET already shows."""

import os

import panel as pn

pn.extension()
value = os.environ.get("GREETING", "nothing")
pn.Column(f"# Greeting: {value}").servable(title=f"Greeting {value} version 1")
