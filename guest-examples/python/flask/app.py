"""An album: an ordinary Flask app, whose photos are received, kept and sent by the host."""

from flask import Flask, Response, abort, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from innkeeper import blobs, db, session
from innkeeper.flask import Request

PHOTOS = db.Table(
    "photos",
    {
        "id": db.Column("integer", identity=True),
        "title": db.Column("text"),
        "blob": db.Column("text", index=True),
    },
)
PAGE = """<!doctype html>
<title>Album</title>
{% for message in messages %}<p role="status">{{ message }}</p>{% endfor %}
<form method="post" enctype="multipart/form-data">
{{ csrf|safe }}<input name="title" required><input name="photo" type="file" accept="image/*" required>
<button>Add</button>
</form>
{% for photo in photos %}<p><img src="/photos/{{ photo.blob }}" alt="{{ photo.title }}"></p>{% endfor %}
"""

app = Flask(__name__)
app.request_class = Request
# An error of the host reaches the SDK, which answers 503 where the visitor may try again.
app.config["PROPAGATE_EXCEPTIONS"] = True


@app.before_request
def define() -> None:
    """Makes the table where it is missing."""
    PHOTOS.define()


@app.get("/")
def album() -> str:
    """The photos, newest first."""
    photos = db.query("select title, blob from photos order by id desc limit 50")
    csrf = session.csrf_field("album")
    return render_template_string(PAGE, photos=photos, messages=session.take_flash(), csrf=csrf)


@app.post("/")
def add() -> AnyResponse:
    """Adds a photo."""
    if not session.csrf_check("album", request.form.get("csrf", "")):
        abort(403)
    photo = request.files.get("photo")
    if photo is None or not photo.mimetype.startswith("image/"):
        abort(415)
    blobs.keep(photo.blob.id)
    db.execute("insert into photos (title, blob) values ($1, $2)", request.form["title"], photo.blob.id)
    session.flash(f"Added {request.form['title']}, {photo.blob.size} bytes.")
    return redirect("/", 303)


@app.get("/photos/<blob>")
def photo(blob: str) -> Response:
    """A photo. The host sees the header and sends the bytes."""
    if db.query_one("select id from photos where blob = $1", blob) is None:
        abort(404)
    return Response(headers={"innkeeper-send-blob": blob})
