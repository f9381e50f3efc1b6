"""Writes one variable to its page and, when the process starts serving a viewer, to its log."""

import os

import streamlit as st

value = os.environ.get("GREETING", "nothing")
print("GREETING is", value, flush=True)
st.write("Greeting:", value)
