"""Exchanges the viewer's handle 200 times at once when asked to, and says what came back."""

import hashlib
import json
import os
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter

import streamlit as st

COUNT = 200
ADDRESS = os.environ["CONNECT_SERVER"] + "__api__/v1/oauth/integrations/credentials"


def exchange(handle: str) -> tuple[str, str]:
    """What happened, and a digest of the access token."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token_type": "urn:posit:connect:user-session-token",
        "subject_token": handle,
    }
    request = urllib.request.Request(ADDRESS, urllib.parse.urlencode(form).encode())
    request.add_header("Authorization", f"Key {os.environ['CONNECT_API_KEY']}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            token = json.load(answer)["access_token"]
            return "answered", hashlib.sha256(token.encode()).hexdigest()[:12]
    except urllib.error.HTTPError as error:
        return f"refused {error.code}: {error.read(300).decode(errors='replace')}", ""
    except OSError as error:
        return f"failed {type(error).__name__}", ""


def all_at_once(handle: str) -> list[tuple[str, str]]:
    """COUNT threads that begin together."""
    found: list[tuple[str, str]] = []
    together = threading.Barrier(COUNT)

    def work() -> None:
        together.wait()
        found.append(exchange(handle))

    threads = [threading.Thread(target=work) for _ in range(COUNT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


st.title("Exchange probe")
handle = st.context.headers.get("Posit-Connect-User-Session-Token", "")
shown = hashlib.sha256(handle.encode()).hexdigest()[:12]
st.write(f"Handle: {len(handle)} characters, digest {shown}, spoofed: {'spoof' in handle}")
pressed = st.button("Exchange")
if not pressed:
    st.write("One exchange:", exchange(handle)[0])
else:
    results = all_at_once(handle)
    outcomes = Counter(outcome for outcome, _ in results)
    tokens = {digest for _, digest in results if digest}
    st.write("Done:", "; ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    st.write(f"Different tokens: {len(tokens)}")
