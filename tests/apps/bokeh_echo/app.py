"""Says in the title of its page who asked for it."""

from bokeh.models import Button, Div
from bokeh.plotting import curdoc

request = curdoc().session_context.request
user = request.headers.get("X-App-User", "nobody")
token = "yes" if request.headers.get("Posit-Connect-User-Session-Token") else "no"
curdoc().title = "user {} token {} cookies {}".format(user, token, ",".join(sorted(request.cookies)))
said = Div(text="not clicked")
button = Button(label="Click")
button.on_click(lambda: said.update(text="clicked by " + user))
curdoc().add_root(button)
curdoc().add_root(said)
