"""What each screen of the dashboard shows, as frozen dataclasses: everything a template reads is named here.

Times are aware datetimes; words an app, a person or a vendor wrote are plain text (templates escape them).
The forms' addresses are fixed in the templates; a form that was refused is drawn again with `problems`
(field name to sentence) and what had been typed.
"""
