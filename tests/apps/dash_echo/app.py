"""Counts clicks and says who clicked."""

from dash import Dash, Input, Output, dcc, html
from flask import request

app = Dash(__name__)
app.layout = html.Div(
    [dcc.Location(id="place"), html.Button("Click", id="click"), html.P(id="said"), html.P(dcc.Link("x", href="/x"))]
)


@app.callback(Output("said", "children"), Input("click", "n_clicks"))
def say(clicks):
    return "{} clicked {} times; token: {}".format(
        request.headers.get("X-App-User", "nobody"),
        clicks or 0,
        "yes" if request.headers.get("Posit-Connect-User-Session-Token") else "no",
    )


@app.server.route("/health")
def health():
    return "healthy " + str(sorted(request.cookies))
