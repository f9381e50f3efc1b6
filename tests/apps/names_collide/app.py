"""Imports its own folders, which have the names of the server's packages, and shows that they are its own."""

import dashboard
import integrations
import runners
import server
import streamlit as st
import tests

for package in (server, dashboard, runners, integrations, tests):
    st.write(package.NAME)
    print(package.NAME, flush=True)
