"""My sales: every person who opens this app sees their own rows, read with their own access token."""

import os
import sys
from datetime import datetime, timedelta, timezone

import pandas as pd
import requests
import streamlit as st
from posit.connect import Client

HANDLE_HEADER = "Posit-Connect-User-Session-Token"


class CannotShow(Exception):
    """Why there is nothing to show, and what to do about it."""

    def __init__(self, title: str, advice: str, connect: str = "") -> None:
        """`connect` is the address at which the viewer connects, where that is what helps."""
        super().__init__(title)
        self.title = title
        self.advice = advice
        self.connect = connect


def access_token() -> str:
    """Trade this viewer's session handle for an access token that is fresh right now.

    Called whenever the token is needed, and the token is never kept: not in st.cache_data or st.cache_resource,
    which all viewers of the app share (Bob would see Alice's rows), and not in a module variable either. It also
    lives for minutes only; the server hands out a fresh one on every exchange, so there is nothing to renew here.
    """
    handle = st.context.headers.get(HANDLE_HEADER)
    if not handle:
        raise CannotShow(
            "No sign-in reached this app",
            "Open it through the server it is published on, and add a viewer integration under its "
            "**Access** settings. Running it with `streamlit run` alone cannot know who you are.",
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
            "Reload the page to connect again. If that does not help, ask the app's owner whether the "
            "integration is still switched on.",
        ) from error


def call(path: str, token: str) -> dict:
    """Ask the protected API in the viewer's name."""
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
            "Your access may have been taken back there. Reload the page to connect again.",
        ) from error
    except requests.RequestException as error:
        raise CannotShow("The sales system does not answer", "Try again in a minute.") from error


def show_filters(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Draw the controls and return the rows they leave, and the chosen measure."""
    left, middle, right = st.columns([2, 2, 1.4], vertical_alignment="bottom")
    regions = sorted(rows["region"].unique())
    region = left.selectbox("Region", ["All regions", *regions], key="region")
    products = list(rows["product"].unique())
    chosen = middle.pills("Product", products, selection_mode="multi", default=products, key="product")
    measure = right.segmented_control(
        "Show", ["Revenue", "Units"], default="Revenue", required=True, key="measure"
    )
    if region != "All regions":
        rows = rows[rows["region"] == region]
    return rows[rows["product"].isin(chosen)], measure.lower()


def show_numbers(rows: pd.DataFrame) -> None:
    """Draw three figures: the last month beside the one before."""
    months = rows.groupby("month")[["revenue", "units"]].sum().sort_index()
    regions = rows.groupby("region")["revenue"].sum()
    revenue, units, place = st.columns(3)
    change = (months["revenue"].iloc[-1] / months["revenue"].iloc[-2] - 1) if len(months) > 1 else 0
    revenue.metric(
        "Revenue, 12 months",
        f"€{months['revenue'].sum():,.0f}",
        f"{change:+.1%} last month",
        chart_data=months["revenue"],
        chart_type="area",
        border=True,
    )
    moved = int(months["units"].iloc[-1] - months["units"].iloc[-2]) if len(months) > 1 else 0
    units.metric(
        "Units, 12 months",
        f"{months['units'].sum():,.0f}",
        f"{moved:+,} last month",
        chart_data=months["units"],
        chart_type="area",
        border=True,
    )
    place.metric(
        "Strongest region",
        regions.idxmax(),
        f"{regions.max() / regions.sum():.0%} of revenue",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )


def show_rows(rows: pd.DataFrame, measure: str) -> None:
    """Draw the chart and the table."""
    months = rows.pivot_table(index="month", columns="region", values=measure, aggfunc="sum")
    with st.container(border=True):
        st.markdown(
            f"**{measure.capitalize()} by month and region**" + (", in euros" if measure == "revenue" else "")
        )
        st.bar_chart(months, stack=True, x_label="", y_label="", height=300)
    st.dataframe(
        rows.sort_values(["month", "revenue"], ascending=[False, False]),
        hide_index=True,
        height=320,
        column_config={
            "region": "Region",
            "product": "Product",
            "month": "Month",
            "units": st.column_config.NumberColumn("Units", format="localized"),
            "revenue": st.column_config.NumberColumn("Revenue", format="€%,d"),
        },
    )


def main() -> None:
    """Draw the page for whoever looks at it."""
    st.set_page_config(page_title="My sales", layout="wide")
    # The toolbar is switched off, so the space kept free for it is not needed.
    st.html("<style>.stMainBlockContainer { padding-top: 2.5rem; }</style>")
    st.title("My sales")
    try:
        token = access_token()
        me = call("/api/whoami", token)
        rows = pd.DataFrame(call("/api/rows", token)["rows"])
    except CannotShow as reason:
        st.warning(f"**{reason.title}**\n\n{reason.advice}", icon=":material/link_off:")
        with st.container(horizontal=True):
            if reason.connect:
                # A link button opens a new tab, also where the app is shown in a frame: consent is given in no frame.
                st.link_button("Connect", reason.connect, type="primary", icon=":material/link:")
            st.button("Try again", icon=":material/refresh:")
        return
    account = f"`{me['email']}`" if me["email"] else "a service account"
    st.markdown(
        f"Signed in to the sandbox as **{me['name']}**, {account}. These are your rows and nobody else's."
    )
    chosen, measure = show_filters(rows)
    if chosen.empty:
        st.info("No product is chosen. Pick at least one above.", icon=":material/filter_alt_off:")
    else:
        show_numbers(chosen)
        show_rows(chosen, measure)
    ends = datetime.now(timezone.utc) + timedelta(seconds=me["expires_in"])
    st.caption(
        f"Read with an access token of {me['name'].split()[0]}'s that ends at {ends:%H:%M:%S} UTC, "
        f"in {me['expires_in']} seconds. "
        "Come back later and press a button: the server will have a fresh one, with no reload."
    )
    st.button("Read again", icon=":material/refresh:")


main()
