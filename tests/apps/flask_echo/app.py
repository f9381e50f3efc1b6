"""Says who asks and what it was sent, streams events, redirects and sets a cookie."""

import threading
import time

from flask import Flask, Response, jsonify, make_response, redirect, request, url_for

app = Flask(__name__)
gate = threading.Event()


@app.route("/")
def home():
    return jsonify(headers=list(request.headers), cookies=dict(request.cookies), url=url_for("home", _external=True))


@app.route("/path/<path:rest>")
def path(rest):
    return jsonify(raw=request.environ["REQUEST_URI"], script=request.environ["SCRIPT_NAME"], rest=rest)


@app.route("/leave")
def leave():
    answer = make_response(redirect("/somewhere" if "plain" in request.args else url_for("home")))
    answer.set_cookie("choice", "dark", path="/in")
    return answer


@app.route("/go", methods=["POST"])
def go():
    gate.set()
    return "gone"


@app.route("/events")
def events():
    def stream():
        yield "data: first\n\n"
        gate.wait(20)
        yield "data: second\n\n"

    return Response(stream(), mimetype="text/event-stream")


@app.route("/slow")
def slow():
    time.sleep(0.2)
    return request.headers.get("X-App-User", "nobody")
