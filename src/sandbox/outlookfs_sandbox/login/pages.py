"""What a person sees in the browser: the account with two buttons, the field for a user code, and the end."""
from html import escape

from ..exchange import Answer

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
FRAME = """<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>Sign in - sandbox</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem}}button{{font:inherit;padding:.4rem 1.2rem}}
li{{margin:.2rem 0}}.error{{color:#a00}}</style><body><h1>{title}</h1>{content}</body></html>
"""


def page(title, content, status=200):
    return Answer.html(status, FRAME.format(title=escape(title), content=content), POLICY)


def consent(user, client_id, scopes, fields):
    """Approve or decline; `fields` go along with the answer."""
    hidden = "".join('<input type="hidden" name="%s" value="%s">' % (escape(name), escape(value)) for name, value in fields.items())
    items = "".join("<li>%s</li>" % escape(scope) for scope in scopes)
    return page("Permissions requested", '<p>%s, the application %s asks for:</p><ul>%s</ul><form method="post">%s'
                '<button name="decision" value="approve">Approve</button> <button name="decision" value="decline">Decline</button></form>'
                % (escape(user), escape(client_id), items, hidden))


def enter_code(problem=""):
    return page("Enter code", ('<p class="error">%s</p>' % escape(problem) if problem else "")
                + '<form method="get"><p><label>Code <input name="user_code" autofocus autocomplete="off"></label></p><button>Next</button></form>')


def done(text):
    return page(text, "<p>You may close this window.</p>")


def trouble(text, status=400):
    return page("Sign-in failed", '<p class="error">%s</p>' % escape(text), status)
