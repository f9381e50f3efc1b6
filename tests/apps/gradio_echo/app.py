"""Greets whoever asks, and asks for a place of its own, as many scripts do."""

import gradio as gr


def greet(name, request: gr.Request):
    token = "yes" if request.headers.get("Posit-Connect-User-Session-Token") else "no"
    user = request.headers.get("X-App-User", "nobody")
    for part in ("first", "hello {} from {}; token: {}; {}".format(name, user, token, sorted(dict(request.cookies)))):
        yield part


with gr.Blocks(analytics_enabled=True) as demo:
    box = gr.Textbox(label="Name")
    said = gr.Textbox(label="Said")
    gr.Button("Click").click(greet, box, said, api_name="greet")

demo.launch(server_name="0.0.0.0", server_port=1, share=True, show_error=True)
