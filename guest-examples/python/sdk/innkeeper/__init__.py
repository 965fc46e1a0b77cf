"""Web apps in Python for Innkeeper.

    from innkeeper import App, db

    app = App()

    @app.get("/")
    def hello(request):
        return f"There are {db.query_one('select count(*) as n from entries').n} entries."

`App` (or any WSGI application) answers requests; `db` holds rows, `blobs` files, `session` what
belongs to one visitor, `config` the operator's settings; `receive_form` receives a form.
"""

from innkeeper import blobs, config, db, session
from innkeeper.app import App
from innkeeper.blobs import Blob
from innkeeper.errors import Error
from innkeeper.forms import Form, FormError, receive_form
from innkeeper.http import HTTPError, Request, Response
from innkeeper.rows import Row
from innkeeper.values import Json, Other, rfc3339

__all__ = [
    "App", "Blob", "Error", "Form", "FormError", "HTTPError", "Json", "Other", "Request", "Response", "Row",
    "blobs", "config", "db", "receive_form", "rfc3339", "session",
]  # fmt: skip
