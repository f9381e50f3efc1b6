"""Never runs: one of its requirements does not exist."""

import streamlit as st

st.write("You should not see this.")
