"""Sales explorer: a Panel app that reads the rows of the person who looks, with that person's own access token."""

import io
import os
import sys
from datetime import datetime, timedelta, timezone
from html import escape

import pandas as pd
import panel as pn
import requests
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter
from bokeh.plotting import figure
from posit.connect import Client

HANDLE_HEADER = "Posit-Connect-User-Session-Token"
COLOURS = ["#4f46e5", "#0d9488", "#d97706", "#be185d", "#4d7c0f", "#0369a1", "#7c3aed", "#b45309", "#475569"]
TITLE = "Sales explorer"

# One look for every widget. No template: those fetch fonts and icons from other people's servers.
BUTTONS = """
.bk-btn { font-size: 15px; padding: 8px 12px; border-radius: 8px; }
.bk-btn-group > .bk-btn.bk-active { background: #4338ca !important; color: #fff !important; box-shadow: none; }
:focus-visible { outline: 3px solid #4338ca !important; outline-offset: 2px; }
"""
PRIMARY = (
    BUTTONS + ".bk-btn { background: #4338ca !important; } .bk-btn, .bk-btn a { color: #fff !important; }"
)
ARROW = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2">'
    '<path d="M10 3v10m-4-4 4 4 4-4M4 17h12"/></svg>'
)
FIELDS = ".bk-input { border-radius: 8px; border-color: #8b8ba3; font-size: 15px; } .noUi-connect { background: #4338ca; }"
PAGE = """
body { margin: 0; background: #f4f4f8; color: #1b1b2f; color-scheme: light;
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
"""
CARD = {"background": "#fff", "border": "1px solid #dcdce6", "border-radius": "12px", "padding": "16px 20px"}
CODE = "code { color: inherit; background: none; }"
SMALL = {"font-size": "14px", "color": "#4a4a60"}

# After a lost connection the page finds its session again, instead of standing there without an answer.
pn.extension(sizing_mode="stretch_width", raw_css=[PAGE], reconnect=True, notifications=True)


class CannotShow(Exception):
    """Why there is nothing to show, and what to do about it."""

    def __init__(self, title: str, advice: str, connect: str = "") -> None:
        """`connect` is the address at which the viewer connects, where that is what helps."""
        super().__init__(title)
        self.title = title
        self.advice = advice
        # In a new tab, also where the app is shown in a frame: consent is given in no frame.
        self.link = f'<a href="{escape(connect)}" target="_blank" rel="noopener">Connect</a>' if connect else ""


def access_token() -> str:
    """Trade this viewer's session handle for an access token that is fresh right now.

    Called whenever the token is needed, and the token is never kept: pn.state.cache and module variables belong to
    all viewers of the app (Bob would see Alice's rows), and a token lives for minutes only. The handle is worthless
    outside this app, which is why it may travel in a header.
    """
    handle = next(
        (value for name, value in pn.state.headers.items() if name.lower() == HANDLE_HEADER.lower()), None
    )
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
        payload = getattr(error, "payload", None) or {}
        if address := payload.get("consent_url"):
            raise CannotShow(
                "The sales system is not connected",
                "Connect it in a new tab, then come back here and try again. Nothing you have done is lost.",
                address,
            ) from error
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
        self.region = pn.widgets.Select(
            name="Region", options=["All regions", *self.regions], stylesheets=[FIELDS]
        )
        self.months = pn.widgets.IntSlider(
            name="Months back", start=2, end=months, value=months, stylesheets=[FIELDS]
        )
        self.metric = pn.widgets.RadioButtonGroup(
            name="Measure", options={"Revenue": "revenue", "Units": "units"}, stylesheets=[BUTTONS]
        )
        self.kind = pn.widgets.RadioButtonGroup(
            name="Chart", options=["Bars", "Lines"], stylesheets=[BUTTONS]
        )
        self.download = pn.widgets.FileDownload(
            callback=self.as_csv,
            filename="sales.csv",
            label="Download these rows",
            button_type="primary",
            icon=ARROW,
            stylesheets=[PRIMARY],
        )
        self.token_note = pn.pane.Markdown(self.expiry(me), styles=SMALL)
        self.again = pn.widgets.Button(name="Read again", stylesheets=[BUTTONS])
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
            self.token_note.object = f"**{reason.title}.** {reason.advice} {reason.link}"

    def plot(self, region: str, months: int, metric: str, kind: str) -> pn.Column:
        """Return the chart of what is chosen."""
        table = self.chosen(region, months).pivot_table(
            index="month", columns="region", values=metric, aggfunc="sum"
        )
        table.index = [datetime.strptime(month, "%Y-%m").strftime("%b %y") for month in table.index]
        names, source = list(table.columns), ColumnDataSource(table.rename_axis("month").reset_index())
        colours = [COLOURS[self.regions.index(name) % len(COLOURS)] for name in names]
        tips = [("Month", "@month")] + [(name, f"@{{{name}}}{{0,0}}") for name in names]
        chart = figure(
            x_range=list(table.index),
            height=380,
            sizing_mode="stretch_width",
            toolbar_location=None,
            tools="",
        )
        if kind == "Bars":
            bars = chart.vbar_stack(
                names,
                x="month",
                source=source,
                width=0.7,
                color=colours,
                legend_label=names,
                line_color="white",
            )
            chart.add_tools(HoverTool(tooltips=tips, renderers=[bars[-1]], mode="vline"))
        else:
            for name, colour in zip(names, colours):
                chart.line("month", name, source=source, width=3, color=colour, legend_label=name)
                dots = chart.scatter("month", name, source=source, size=8, color=colour)
            chart.add_tools(HoverTool(tooltips=tips, renderers=[dots], mode="vline"))
        chart.y_range.start = 0
        chart.yaxis.formatter = NumeralTickFormatter(format="0,0")
        chart.xgrid.grid_line_color = None
        chart.outline_line_color = None
        chart.xaxis.major_label_orientation = 0.7
        chart.axis.major_label_text_font_size = "13px"
        chart.axis.axis_line_color = chart.axis.minor_tick_line_color = None
        chart.yaxis.major_tick_line_color = None
        chart.legend.orientation = "horizontal"
        chart.legend.border_line_color = chart.legend.background_fill_color = None
        chart.legend.label_text_font_size = "14px"
        chart.legend.location = "top_left"
        chart.add_layout(chart.legend[0], "above")
        words = "<b>Revenue by month and region</b>, in euros" if metric == "revenue" else "<b>Units by month and region</b>"
        return pn.Column(
            pn.pane.HTML(words, styles={"font-size": "16px"}, margin=(4, 0, 8, 0)),
            pn.pane.Bokeh(chart, sizing_mode="stretch_width"),
            styles=CARD | {"margin-top": "16px"},
        )

    def figures(self, region: str, months: int) -> pn.FlexBox:
        """Return the sums of what is chosen."""
        rows = self.chosen(region, months)
        best = rows.groupby("product")["revenue"].sum().idxmax()
        cards = [
            ("Revenue", f"€{rows['revenue'].sum():,.0f}"),
            ("Units", f"{rows['units'].sum():,.0f}"),
            ("Best product", best),
        ]
        return pn.FlexBox(*(self.card(name, value) for name, value in cards), gap="16px", margin=0)

    @staticmethod
    def card(name: str, value: str) -> pn.pane.HTML:
        """Return one figure with its name."""
        words = f'<div style="font-size:14px;color:#4a4a60">{escape(name)}</div>'
        number = f'<div style="font-size:26px;font-weight:600;white-space:nowrap">{escape(value)}</div>'
        return pn.pane.HTML(words + number, styles=CARD | {"flex": "1 1 180px"}, margin=0)

    def page(self) -> pn.viewable.Viewable:
        """Return the whole page."""
        controls = pn.Column(
            self.region,
            self.months,
            pn.pane.HTML("Measure", styles={"font-size": "12px"}, margin=(12, 10, 0, 10)),
            self.metric,
            pn.pane.HTML("Chart", styles={"font-size": "12px"}, margin=(12, 10, 0, 10)),
            self.kind,
            pn.Spacer(height=16),
            self.download,
            self.again,
            self.token_note,
            styles=CARD | {"flex": "1 1 260px", "max-width": "520px"},
            margin=0,
        )
        views = pn.Column(
            pn.bind(self.figures, self.region, self.months),
            pn.bind(self.plot, self.region, self.months, self.metric, self.kind),
            styles={"flex": "4 1 560px", "min-width": "0"},
            margin=0,
        )
        who = f"Signed in to the sandbox as <strong>{escape(self.me['name'])}</strong>, {account(self.me)}."
        return frame(
            f"{who} These are your rows and nobody else's.", pn.FlexBox(controls, views, gap="16px", margin=0)
        )


def account(me: dict) -> str:
    """Return the words after the name."""
    return escape(me["email"]) if me["email"] else "a service account"


def frame(lead: str, *content: pn.viewable.Viewable) -> pn.viewable.Viewable:
    """Return the title, one sentence below it, and the content: the frame of every state of the app."""
    return pn.Column(
        pn.pane.HTML(f"<h1 style='margin:0;font-size:32px;letter-spacing:-.01em'>{TITLE}</h1>", margin=0),
        pn.pane.HTML(lead, styles={"font-size": "16px"}, margin=(8, 0, 16, 0)),
        *content,
        styles={
            "max-width": "1120px",
            "margin": "0 auto",
            "padding": "32px 16px",
            "box-sizing": "border-box",
        },
    )


def page() -> pn.viewable.Viewable:
    """Return the page for whoever looks at it."""
    try:
        token = access_token()
        me = call("/api/whoami", token)
        rows = pd.DataFrame(call("/api/rows", token)["rows"])
    except CannotShow as reason:
        note = pn.pane.Markdown(
            f"### {reason.title}\n\n{reason.advice}\n\n{reason.link}",
            styles=CARD | {"font-size": "16px"},
            stylesheets=[CODE],
            margin=0,
        )
        return frame("Your own rows, read in your own name.", note)
    return Explorer(me, rows).page()


page().servable(title=TITLE)
