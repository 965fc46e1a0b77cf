"""A guest from the plain WIT, without the SDK.

`GET /` answers with a number that the database has computed.
"""

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import db, session, types


class IncomingHandler(exports.IncomingHandler):
    """What the host calls; the name is given by the WIT."""

    def handle(self, request: types.IncomingRequest, response_out: types.ResponseOutparam) -> None:
        """Answers one request."""
        status, text = 404, "there is nothing here\n"
        if request.path_with_query() == "/":
            status, text = answer()
        content = text.encode()
        head = [("content-type", b"text/plain"), ("content-length", str(len(content)).encode())]
        response = types.OutgoingResponse(types.Fields.from_list(head))
        response.set_status_code(status)
        body = response.body()
        types.ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(content)
        types.OutgoingBody.finish(body, None)


def answer() -> tuple[int, str]:
    """The status and the text."""
    try:
        rows = db.query("select cast($1 as bigint) + 1 as n", [db.Value_Integer(1)]).rows
        session.set("seen", "by plain python")
    except Err as error:
        return 500, f"{error.value.message}\n"
    match rows[0][0]:
        case db.Value_Integer(value=number):
            return 200, f"plain python: {number}\n"
        case other:
            return 500, f"no integer: {other}\n"
