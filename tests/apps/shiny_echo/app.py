"""Counts clicks and says who clicked, in Shiny's express syntax."""

from shiny import reactive
from shiny.express import input, render, session, ui

ui.page_opts(title="Express")
ui.input_action_button("click", "Click")


@render.text
def said():
    headers = session.http_conn.headers
    token = "yes" if headers.get("Posit-Connect-User-Session-Token") else "no"
    return f"{session.user} {session.groups} clicked {input.click()} times; token: {token}; {headers.get('cookie')}"


@reactive.effect
def heard():
    print("clicks", input.click())
