"""Sales explorer: a Panel app that reads the rows of the person who looks, with that person's own access token."""

import io
import os
import sys
from datetime import datetime, timedelta, timezone

import pandas as pd
import panel as pn
import requests
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure
from posit.connect import Client

HANDLE_HEADER = "Posit-Connect-User-Session-Token"
COLOURS = ["#4f46e5", "#0d9488", "#d97706", "#be185d", "#4d7c0f", "#0369a1", "#7c3aed", "#b45309", "#475569"]
TITLE = "Sales explorer"

pn.extension(sizing_mode="stretch_width")


class CannotShow(Exception):
    """Why there is nothing to show, and what to do about it."""

    def __init__(self, title: str, advice: str) -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice


def access_token() -> str:
    """Trade this viewer's session handle for an access token that is fresh right now.

    Called whenever the token is needed, and the token is never kept: pn.state.cache and module variables belong to
    all viewers of the app (Bob would see Alice's rows), and a token lives for minutes only. The handle is worthless
    outside this app, which is why it may travel in a header.
    """
    handle = next((value for name, value in pn.state.headers.items() if name.lower() == HANDLE_HEADER.lower()), None)
    if not handle:
        raise CannotShow(
            "No sign-in reached this app",
            "Open it through the server it is published on, and add a viewer integration under its **Access** "
            "settings. Running it with `panel serve` alone cannot know who you are.",
        )
    try:
        client = Client()  # kept in a variable: what hangs on it refers to it weakly
        return client.oauth.get_credentials(handle)["access_token"]
    except Exception as error:  # the kinds differ from server to server; to a viewer they all mean the same
        print(f"The exchange failed: {type(error).__name__}: {error}", file=sys.stderr)
        raise CannotShow(
            "Your connection to the sales system is not ready",
            "Reload the page to connect again. If that does not help, ask the app's owner whether the integration "
            "is still switched on.",
        ) from error


def call(path: str, token: str) -> dict:
    """Ask the protected API in the viewer's name."""
    base = os.environ.get("SANDBOX_URL")
    if not base:
        raise CannotShow(
            "The app does not know where the sales system is",
            "Publish it with `rsconnect deploy panel -E SANDBOX_URL=http://localhost:3940 ...`.",
        )
    try:
        answer = requests.get(base + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        answer.raise_for_status()
        return answer.json()
    except requests.HTTPError as error:
        raise CannotShow(
            f"The sales system said no ({error.response.status_code})",
            "Your access may have been taken back there. Reload the page to connect again.",
        ) from error
    except requests.RequestException as error:
        raise CannotShow("The sales system does not answer", "Try again in a minute.") from error


class Explorer:
    """The controls and the views of one viewer's rows."""

    def __init__(self, me: dict, rows: pd.DataFrame) -> None:
        self.me = me
        self.rows = rows
        self.regions = sorted(rows["region"].unique())
        months = rows["month"].nunique()
        self.region = pn.widgets.Select(name="Region", options=["All regions", *self.regions])
        self.months = pn.widgets.IntSlider(name="Months back", start=2, end=months, value=months)
        self.metric = pn.widgets.RadioButtonGroup(
            name="Measure", options={"Revenue": "revenue", "Units": "units"}, button_type="primary", button_style="outline"
        )
        self.kind = pn.widgets.RadioButtonGroup(
            name="Chart", options=["Bars", "Lines"], button_type="default", button_style="outline"
        )
        self.download = pn.widgets.FileDownload(
            callback=self.as_csv, filename="sales.csv", button_type="primary", icon="download", label="Download these rows"
        )
        self.token_note = pn.pane.Markdown(self.expiry(me), styles={"font-size": "13px", "opacity": "0.8"})
        self.again = pn.widgets.Button(name="Read again", icon="refresh", button_type="default", button_style="outline")
        self.again.on_click(self.read_again)

    def chosen(self, region: str, months: int) -> pd.DataFrame:
        """Return the rows the controls leave."""
        latest = sorted(self.rows["month"].unique())[-months:]
        rows = self.rows[self.rows["month"].isin(latest)]
        return rows if region == "All regions" else rows[rows["region"] == region]

    def as_csv(self) -> io.StringIO:
        """Return the rows in view as a file."""
        text = io.StringIO()
        self.chosen(self.region.value, self.months.value).to_csv(text, index=False)
        text.seek(0)
        return text

    def expiry(self, me: dict) -> str:
        """Say until when the current access token works."""
        ends = datetime.now(timezone.utc) + timedelta(seconds=me["expires_in"])
        return f"Access token ends at {ends:%H:%M:%S} UTC, in {me['expires_in']} seconds. The server keeps a fresh one ready."

    def read_again(self, _event: object) -> None:
        """Ask the API again, with a token exchanged just now."""
        try:
            self.token_note.object = self.expiry(call("/api/whoami", access_token()))
        except CannotShow as reason:
            self.token_note.object = f"**{reason.title}.** {reason.advice}"

    def plot(self, region: str, months: int, metric: str, kind: str) -> pn.pane.Bokeh:
        """Return the chart of what is chosen."""
        table = self.chosen(region, months).pivot_table(index="month", columns="region", values=metric, aggfunc="sum")
        names, source = list(table.columns), ColumnDataSource(table.reset_index())
        colours = [COLOURS[self.regions.index(name) % len(COLOURS)] for name in names]
        tips = [("Month", "@month")] + [(name, f"@{{{name}}}{{0,0}}") for name in names]
        chart = figure(
            x_range=list(table.index), height=380, sizing_mode="stretch_width", toolbar_location=None, tools=""
        )
        if kind == "Bars":
            bars = chart.vbar_stack(
                names, x="month", source=source, width=0.7, color=colours, legend_label=names, line_color="white"
            )
            chart.add_tools(HoverTool(tooltips=tips, renderers=[bars[-1]], mode="vline"))
        else:
            for name, colour in zip(names, colours):
                chart.line("month", name, source=source, width=3, color=colour, legend_label=name)
                dots = chart.scatter("month", name, source=source, size=8, color=colour)
            chart.add_tools(HoverTool(tooltips=tips, renderers=[dots], mode="vline"))
        chart.y_range.start = 0
        chart.yaxis.formatter = NumeralTickFormatter(format="€0,0" if metric == "revenue" else "0,0")
        chart.xgrid.grid_line_color = None
        chart.outline_line_color = None
        chart.xaxis.major_label_orientation = 0.7
        chart.legend.orientation = "horizontal"
        chart.add_layout(chart.legend[0], "above")
        return pn.pane.Bokeh(chart, sizing_mode="stretch_width")

    def figures(self, region: str, months: int) -> pn.FlexBox:
        """Return the sums of what is chosen."""
        rows = self.chosen(region, months)
        best = rows.groupby("product")["revenue"].sum().idxmax()
        cards = [
            ("Revenue", f"€{rows['revenue'].sum():,.0f}"),
            ("Units", f"{rows['units'].sum():,.0f}"),
            ("Best product", best),
        ]
        return pn.FlexBox(*(self.card(name, value) for name, value in cards), gap="16px")

    @staticmethod
    def card(name: str, value: str) -> pn.Column:
        """Return one figure with its name."""
        return pn.Column(
            pn.pane.Str(name, styles={"font-size": "13px", "opacity": "0.8"}, margin=0),
            pn.pane.Str(value, styles={"font-size": "24px", "font-weight": "600"}, margin=0),
            styles={"border": "1px solid rgba(128,128,128,.35)", "border-radius": "8px", "padding": "12px 20px"},
            sizing_mode="fixed",
            width=220,
            height=88,
        )

    def page(self) -> pn.viewable.Viewable:
        """Return the whole page."""
        who = f"Signed in to the sandbox as **{self.me['name']}** ({self.me['email'] or 'service account'})."
        side = [
            pn.pane.Markdown(f"{who}\n\nThese are your rows and nobody else's."),
            self.region,
            self.months,
            pn.pane.Markdown("Measure", margin=(8, 10, -8, 10)),
            self.metric,
            pn.pane.Markdown("Chart", margin=(8, 10, -8, 10)),
            self.kind,
            pn.Spacer(height=16),
            self.download,
            pn.Spacer(height=8),
            self.again,
            self.token_note,
        ]
        main = [
            pn.bind(self.figures, self.region, self.months),
            pn.bind(self.plot, self.region, self.months, self.metric, self.kind),
        ]
        return template(side, main)


def template(side: list, main: list) -> pn.viewable.Viewable:
    """Return the frame every state of the app is shown in."""
    return pn.template.FastListTemplate(
        title=TITLE,
        sidebar=side,
        main=[pn.Column(*main, sizing_mode="stretch_width")],
        accent_base_color="#4338ca",
        header_background="#312e81",
        sidebar_width=300,
        main_max_width="1100px",
    )


def page() -> pn.viewable.Viewable:
    """Return the page for whoever looks at it."""
    try:
        token = access_token()
        me = call("/api/whoami", token)
        rows = pd.DataFrame(call("/api/rows", token)["rows"])
    except CannotShow as reason:
        note = pn.pane.Alert(f"### {reason.title}\n\n{reason.advice}", alert_type="warning")
        return template([], [note])
    return Explorer(me, rows).page()


page().servable(title=TITLE)
