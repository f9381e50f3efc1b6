"""Shows what reaches a Panel app: the viewer's headers, widgets that move a Bokeh plot, a file in and a file out."""

import io

import panel as pn
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure

pn.extension(reconnect=True, notifications=True)

headers = pn.state.headers
handle = "present" if headers.get("Posit-Connect-User-Session-Token") else "absent"

points = pn.widgets.IntSlider(name="Points", start=2, end=50, value=10)
label = pn.widgets.TextInput(name="Label", value="square")
colour = pn.widgets.Select(name="Colour", options=["navy", "firebrick", "seagreen"])
upload = pn.widgets.FileInput()
source = ColumnDataSource({"x": list(range(10)), "y": [n * n for n in range(10)]})
plot = figure(height=250, width=500)
line = plot.line("x", "y", source=source)


def redraw(count, name, shade):
    source.data = {"x": list(range(count)), "y": [n * n for n in range(count)]}
    plot.title.text = name
    line.glyph.line_color = shade
    return pn.pane.Markdown(f"Last point: {(count - 1) ** 2}")


def received(data):
    return pn.pane.Markdown(f"Received {len(data)} bytes" if data else "No file yet")


pn.Column(
    "# Panel probe",
    pn.pane.Markdown(f"Viewer: {headers.get('X-App-User', 'nobody')}"),
    pn.pane.Markdown(f"Session handle: {handle}"),
    points,
    label,
    colour,
    pn.bind(redraw, points, label, colour),
    pn.pane.Bokeh(plot),
    upload,
    pn.bind(received, upload),
    pn.widgets.FileDownload(callback=lambda: io.BytesIO(b"the probe's own bytes\n"), filename="probe.txt"),
).servable(title="Panel probe")
