"""HTTP in few words: `Request.of` reads the head of a request, `send` answers with a `Response`."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from componentize_py_types import Err, Ok
from wit_world.imports import types

# The most that `blocking-write-and-flush` takes at once.
WRITE_BYTES = 4096


@dataclass
class Request:
    """What is asked for. The body stays with the host, which reads forms by itself."""

    method: str
    path: str
    query: dict[str, str]

    @classmethod
    def of(cls, incoming: types.IncomingRequest) -> "Request":
        """Takes what is needed out of the host's request. Of a query parameter that stands twice, the first counts."""
        path, _, query = (incoming.path_with_query() or "/").partition("?")
        values = parse_qs(query, keep_blank_values=True)
        return cls(_method_name(incoming.method()), path, {name: several[0] for name, several in values.items()})

    @property
    def is_head(self) -> bool:
        """Whether only the head of the answer is wanted."""
        return self.method == "HEAD"


@dataclass
class Response:
    """An answer with a body that no cache may keep: everything here depends on the visitor."""

    status: int
    content_type: str
    text: str
    headers: dict[str, str] = field(default_factory=dict)


def see_other(location: str) -> Response:
    """After a form: the browser shall go on with GET, so that a reload does not send the form again."""
    return Response(303, "text/plain; charset=utf-8", "", {"location": location})


def send(response_out: types.ResponseOutparam, response: Response, head_only: bool) -> None:
    """Hands the answer to the host, without its body where only the head is wanted."""
    content = response.text.encode()
    outgoing = types.OutgoingResponse(_fields(response, len(content)))
    outgoing.set_status_code(response.status)
    body = None if head_only else outgoing.body()
    types.ResponseOutparam.set(response_out, Ok(outgoing))
    if body is not None:
        _write(body, content)


def _write(body: types.OutgoingBody, content: bytes) -> None:
    try:
        # `with`, because the stream has to be closed before the body is finished: otherwise the instance ends.
        with body.write() as stream:
            for start in range(0, len(content), WRITE_BYTES):
                stream.blocking_write_and_flush(content[start : start + WRITE_BYTES])
        types.OutgoingBody.finish(body, None)
    except Err:
        pass  # The visitor has gone away, which is no error of this app.


def _fields(response: Response, length: int) -> types.Fields:
    headers = {
        "content-type": response.content_type,
        "content-length": str(length),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        **response.headers,
    }
    return types.Fields.from_list([(name, value.encode()) for name, value in headers.items()])


def _method_name(method: types.Method) -> str:
    """`GET`, `POST` and so on: the bindings have a class for each, and one for all others."""
    if isinstance(method, types.Method_Other):
        return method.value
    return type(method).__name__.removeprefix("Method_").upper()
