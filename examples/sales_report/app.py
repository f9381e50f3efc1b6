"""Company sales: a report that reads totals as itself, with a service account, so everyone sees the same figures."""

import os
import sys

import pandas as pd
import requests
import streamlit as st
from posit.connect import Client


class CannotShow(Exception):
    """Why there is nothing to show, and what to do about it."""

    def __init__(self, title: str, advice: str) -> None:
        super().__init__(title)
        self.title = title
        self.advice = advice


def access_token() -> str:
    """Trade the content's own session token for an access token of the service account.

    posit-sdk finds that token in the file which CONNECT_CONTENT_SESSION_TOKEN_FILE names. The server writes it
    afresh from time to time, so it is read at every exchange and never kept.
    """
    try:
        client = Client()  # kept in a variable: what hangs on it refers to it weakly
        credentials = client.oauth.get_content_credentials()
    except Exception as error:  # the kinds differ from server to server; to a viewer they all mean the same
        print(f"The exchange failed: {type(error).__name__}: {error}", file=sys.stderr)
        raise CannotShow(
            "The service account cannot be used",
            "Ask the app's owner whether the integration is still switched on.",
        ) from error
    if credentials is None:
        raise CannotShow(
            "No service account is attached to this app",
            "Add a service-account integration under its **Access** settings.",
        )
    return credentials["access_token"]


def call(path: str, token: str) -> dict:
    """Ask the protected API in the report's own name."""
    base = os.environ.get("SANDBOX_URL")
    if not base:
        raise CannotShow(
            "The app does not know where the sales system is",
            "Publish it with `rsconnect deploy streamlit -E SANDBOX_URL=http://localhost:3940 ...`.",
        )
    try:
        answer = requests.get(base + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)
        answer.raise_for_status()
        return answer.json()
    except requests.HTTPError as error:
        raise CannotShow(
            f"The sales system said no ({error.response.status_code})",
            "Ask the app's owner whether the service account still has access there.",
        ) from error
    except requests.RequestException as error:
        raise CannotShow("The sales system does not answer", "Try again in a minute.") from error


def show_totals(rows: pd.DataFrame) -> None:
    """Draw the figures, the chart and the table."""
    regions = rows.groupby("region")["revenue"].sum().sort_values(ascending=False)
    revenue, units, places = st.columns(3)
    revenue.metric("Revenue, 12 months", f"€{rows['revenue'].sum():,.0f}", border=True)
    units.metric("Units, 12 months", f"{rows['units'].sum():,.0f}", border=True)
    places.metric("Regions", len(regions), border=True)
    with st.container(border=True):
        st.markdown("**Revenue by month**, in euros")
        st.bar_chart(rows.groupby("month")["revenue"].sum(), x_label="", y_label="", height=300)
    st.dataframe(
        regions.rename("Revenue").rename_axis("Region"),
        height="content",
        column_config={"Revenue": st.column_config.NumberColumn(format="€%,d")},
    )


def main() -> None:
    """Draw the page; it is the same for everybody."""
    st.set_page_config(page_title="Company sales", layout="wide")
    # The toolbar is switched off, so the space kept free for it is not needed.
    st.html("<style>.stMainBlockContainer { padding-top: 2.5rem; }</style>")
    st.title("Company sales")
    try:
        token = access_token()
        me = call("/api/whoami", token)
        rows = pd.DataFrame(call("/api/rows", token)["rows"])
    except CannotShow as reason:
        st.warning(f"**{reason.title}**\n\n{reason.advice}", icon=":material/link_off:")
        st.button("Try again", icon=":material/refresh:")
        return
    st.markdown(
        f"Read by the service account **{me['name']}**. Everybody who opens this sees the same totals, "
        "and nobody's own rows."
    )
    show_totals(rows)
    st.button("Read again", icon=":material/refresh:")


main()
