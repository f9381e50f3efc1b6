"""Shows what reaches a Streamlit app: the viewer's headers, a widget that moves a chart, a file in and a file out."""

import os

import pandas as pd
import streamlit as st

st.set_page_config(page_title="Streamlit probe")
st.title("Streamlit probe")

headers = st.context.headers
st.write("Viewer:", headers.get("X-App-User", "nobody"))
st.write("Groups:", headers.get("X-App-Groups", "none"))
st.write("Session handle:", "present" if headers.get("Posit-Connect-User-Session-Token") else "absent")
st.write("st.user name:", getattr(st.user, "username", None) or "unknown")
st.json({name: "…" if "token" in name.lower() else value for name, value in headers.to_dict().items()}, expanded=False)

steps = st.slider("Points", min_value=2, max_value=50, value=10)
st.line_chart(pd.DataFrame({"square": [n * n for n in range(steps)]}))
st.write(f"Last point: {(steps - 1) ** 2}")

upload = st.file_uploader("A file")
if upload is not None:
    st.write(f"Received {len(upload.getvalue())} bytes of {upload.name}")

st.download_button("Download", data="the probe's own bytes\n", file_name="probe.txt")
st.write("Home:", os.environ.get("HOME", ""))
