"""The same without the express syntax."""

from shiny import App, render, ui

app_ui = ui.page_fluid(ui.output_text("said"))


def server(input, output, session):
    @render.text
    def said():
        return "core says " + str(session.user)


app = App(app_ui, server)
