"""Shows in which role the viewer's token is, asked anew at each run; without one, the way to connect."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request

import streamlit as st

ADDRESS = os.environ["CONNECT_SERVER"] + "__api__/v1/oauth/integrations/credentials"


def asked(address: str, key: str, form: dict[str, str] | None = None) -> dict:
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(address, data, {"Authorization": key})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return json.load(error)


st.title("Roles probe")
form = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:posit:connect:user-session-token",
    "subject_token": st.context.headers.get("Posit-Connect-User-Session-Token", ""),
    "next": "?from=consent",
}
found = asked(ADDRESS, f"Key {os.environ['CONNECT_API_KEY']}", form)
if "access_token" in found:
    me = asked(os.environ["WAREHOUSE"] + "/api/whoami", f"Bearer {found['access_token']}")
    st.write(f"The token is {me['sub']}'s, role {me['role']}.")
else:
    st.write("No token:", found["error"])
    address = found["payload"]["consent_url"]
    st.link_button("Connect in a new tab", address)
    st.html(f'<a id="plain" href="{address}">Connect from here</a>')
st.button("Ask again")
