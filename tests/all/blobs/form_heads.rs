//! The heads of parts as the world writes them: names in every form, folded lines, boundaries.

use serde_json::{Value, json};
use support::bytes::sha256;
use support::probe::{blamed, code, ok};
use support::{Engine, Visitor};

use super::{probe, send_body};

on_both_databases! {
    a_part_with_a_file_name_in_any_form_is_a_file,
    a_field_has_the_name_that_its_parameter_says,
    a_head_that_two_readers_could_read_differently_is_refused,
    heads_are_read_as_mail_programs_write_them,
    several_files_of_one_field_may_come_as_one_part,
    a_boundary_is_read_as_it_is_given,
    a_boundary_that_cannot_be_is_named,
}

const MULTIPART: &str = "multipart/form-data; boundary=B";

/// A form of one part with this head, up to the empty line.
fn form(head: &[u8], content: &[u8]) -> Vec<u8> {
    [b"--B\r\n", head, b"\r\n\r\n", content, b"\r\n--B--\r\n"].concat()
}

fn disposition(parameters: &[u8]) -> Vec<u8> {
    [b"Content-Disposition: form-data; ", parameters].concat()
}

/// What the host makes of a body.
async fn receive(visitor: &mut Visitor, content_type: &str, body: Vec<u8>, limits: Value) -> Value {
    let steps = json!([{ "op": "blob.receive-form", "limits": limits }]);
    let answer = send_body(visitor, content_type, body, steps).await.expect(200);
    answer.json()[0].clone()
}

/// The files of a form: field, name and hash.
fn files(form: &Value) -> Value {
    let files = ok(form)["files"].as_array().cloned().unwrap_or_default();
    files.iter().map(|file| json!([file["field"], file["blob"]["name"], file["blob"]["sha256"]])).collect()
}

async fn a_part_with_a_file_name_in_any_form_is_a_file(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let content = b"a;b\r\n\xff\x00--B\r\n";
    let cases: [(&[u8], Option<&str>); 27] = [
        (b"name=\"data\"; filename=\"a.csv\"", Some("a.csv")),
        (b"name=data;filename=a.csv", Some("a.csv")),
        (b"name=\"data\"; FileName=\"a.csv\"", Some("a.csv")),
        (b"NAME = \"data\" ; FILENAME = \"a.csv\" ;", Some("a.csv")),
        (b"filename=\"a.csv\"; name=\"data\"", Some("a.csv")),
        (b"name=\"data\"; filename*=utf-8''d%C3%A9.csv", Some("d\u{e9}.csv")),
        (b"name=\"data\"; Filename*=ISO-8859-1'en'd%E9.csv", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"d_.csv\"; filename*=UTF-8''d%C3%A9.csv", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename*=UTF-8''d%C3%A9.csv; filename=\"d_.csv\"", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"=?utf-8?B?ZC5jc3Y=?=\"; filename*=utf-8''d%C3%A9.csv", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"=?utf-8?Q?d=C3=A9.csv?=\"", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"good.csv\"; filename*=utf-8''%FF", Some("good.csv")),
        (b"name=\"data\"; filename=\"d\xe9.csv\"", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"d\xc3\xa9.csv\"", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename=\"report\\\"", Some("report")),
        (b"name=\"data\"; filename=\"report\\", None),
        (b"name=\"data\"; filename=\"C:\\dir\\a.csv\"", Some("a.csv")),
        (b"name=\"data\"; filename=\"a\\\"b.csv\"", Some("ab.csv")),
        (b"name=\"data\"; filename=\"a%22b%0D%0A.csv\"", Some("ab.csv")),
        (b"name=\"data\"; filename=\"my \"best\" a.csv\"", Some("my best a.csv")),
        (b"name=\"data\"; filename=\"x; name=evil.png\"", Some("x; name=evil.png")),
        (b"filename=\"x; name=evil.png\"; name=\"data\"", Some("x; name=evil.png")),
        (b"filename=\"my name=Bob.csv\"; name=\"data\"", Some("my name=Bob.csv")),
        (b"name=\"data\"; filename*0=\"a \"; filename*1=\"b.csv\"", Some("a b.csv")),
        (b"name=\"data\"; filename*0*=utf-8''d%C3; filename*1*=%A9; filename*2=.csv", Some("d\u{e9}.csv")),
        (b"name=\"data\"; filename", Some("")),
        (b"name=\"data\"; filename=\"\"", Some("")),
    ];
    for (parameters, name) in cases {
        let shown = String::from_utf8_lossy(parameters);
        let body = || form(&disposition(parameters), content);
        let received = receive(&mut visitor, MULTIPART, body(), json!({})).await;
        let Some(name) = name else {
            assert_eq!(code(&received), "bad-form", "{shown}");
            continue;
        };
        let name = if name.is_empty() { Value::Null } else { json!(name) };
        assert_eq!(ok(&received)["fields"], json!([]), "{shown}");
        assert_eq!(files(&received), json!([["data", name, sha256(content)]]), "{shown}");
        let none = receive(&mut visitor, MULTIPART, body(), json!({ "max-files": 0 })).await;
        assert_eq!((code(&none), blamed(&none)), ("too-large", Some("data")), "{shown}");
    }
    let empty =
        receive(&mut visitor, MULTIPART, form(&disposition(b"name=a; filename=\"\""), b""), json!({})).await;
    assert_eq!((&ok(&empty)["fields"], files(&empty)), (&json!([]), json!([])), "an input that was left empty");
    assert_eq!(host.database().count("probe", "blobs").await, 26);
}

async fn a_field_has_the_name_that_its_parameter_says(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let cases: [(&[u8], &str); 9] = [
        (b"name=\"a\"", "a"),
        (b"xname=\"b\"; name=\"a\"; filenames=\"c\"", "a"),
        (b"name=\"a; name=b\"", "a; name=b"),
        (b"name=\"a\\\"b\\\\c\\d\"", "a\"b\\c\\d"),
        (b"name=\"a%22b%0D%0A%25\"", "a\"b\r\n%25"),
        (b"name=\"a\\\"", "a\\"),
        (b"name*=utf-8''%C3%A4", "\u{e4}"),
        (b"name=\"\xe4\"", "\u{e4}"),
        (b"name=\"filename=x\"", "filename=x"),
    ];
    for (parameters, name) in cases {
        let received = receive(&mut visitor, MULTIPART, form(&disposition(parameters), b"1"), json!({})).await;
        let shown = String::from_utf8_lossy(parameters);
        assert_eq!((&ok(&received)["fields"], files(&received)), (&json!([[name, "1"]]), json!([])), "{shown}");
    }
}

async fn a_head_that_two_readers_could_read_differently_is_refused(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    for head in [
        &b"Content-Disposition: form-data; name=\"a\"; name=\"b\""[..],
        b"Content-Disposition: form-data; name=\"a\"; filename=\"b\"; FileName=\"c\"",
        b"Content-Disposition: form-data; name=\"a; filename=\"b.png\"",
        b"Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"; filename=\"c\"",
        b"Content-Disposition: form-data; filename=\"c\"",
        b"Content-Type: text/plain",
        b"Content-Disposition: form-data; name=\"a\"\r\nno header",
        b"Content-Disposition: form-data; name=\"a\"; filename=\"b\0c\"",
        b" Content-Disposition: form-data; name=\"a\"",
    ] {
        let received = receive(&mut visitor, MULTIPART, form(head, b"1"), json!({})).await;
        assert_eq!(code(&received), "bad-form", "{}", String::from_utf8_lossy(head));
    }
    assert_eq!(host.database().count("probe", "blobs").await, 0);
}

async fn heads_are_read_as_mail_programs_write_them(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    let expected = json!([["data", "d\u{e9} 1.csv", sha256(b"1;2\r\n")]]);
    let bodies: [&[u8]; 5] = [
        b"--B\r\ncontent-disposition: form-data; name=\"data\";\r\n\tfilename=\"d\xc3\xa9\r\n 1.csv\"\r\n\r\n1;2\r\n\r\n--B--",
        b"--B\nContent-Disposition : form-data; name=data; filename=\"d\xc3\xa9 1.csv\"\n\n1;2\r\n\n--B--\n",
        b"--B\r\nContent-Disposition: form-data; name=data; filename=\"d\xc3\xa9 1.csv\"\n\n1;2\r\n\r\n--B--\r\n",
        b"--B\r\nCONTENT-DISPOSITION: form-data; name=data; filename=\"d\xc3\xa9 1.csv\"\r\n\
          Content-Transfer-Encoding: Base64\r\n\r\nMTsy\r\nDQo=\r\n--B--",
        b"--B\r\nContent-Disposition: form-data; name=data; filename=\"d\xc3\xa9 1.csv\"\r\n\
          content-transfer-encoding: quoted-printable\r\n\r\n=31;=\r\n2=0D=0A\r\n--B--",
    ];
    for body in bodies {
        let received = receive(&mut visitor, MULTIPART, body.to_vec(), json!({})).await;
        assert_eq!(files(&received), expected, "{}", String::from_utf8_lossy(body));
    }
    for (encoding, content) in [("base64", "M*=="), ("quoted-printable", "=G1"), ("x-uuencode", "a")] {
        let head = format!("name=data; filename=a\r\nContent-Transfer-Encoding: {encoding}");
        let body = form(&disposition(head.as_bytes()), content.as_bytes());
        let received = receive(&mut visitor, MULTIPART, body, json!({})).await;
        assert_eq!((code(&received), blamed(&received)), ("bad-form", Some("data")), "{encoding}");
    }
}

/// As curl sends `-F "data=@a,b"`.
async fn several_files_of_one_field_may_come_as_one_part(engine: Engine) {
    let (host, mut visitor) = probe(engine).await;
    let inner = |more: &str| {
        format!(
            "--BB\r\nContent-Disposition: attachment; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\none\r\n\
             --BB\r\nContent-Disposition: attachment; filename=\"b.txt\"\r\n\r\n\r\n{more}--BB--\r\n"
        )
    };
    let head = disposition(b"name=\"data\"\r\nContent-Type: multipart/mixed; boundary=BB");
    let body = [&form(&head, inner("").as_bytes())[..], b"epilogue"].concat();
    let received = receive(&mut visitor, MULTIPART, body.clone(), json!({})).await;
    let expected = json!([["data", "a.txt", sha256(b"one")], ["data", "b.txt", sha256(b"")]]);
    assert_eq!((files(&received), &ok(&received)["fields"]), (expected, &json!([])));
    let limited = receive(&mut visitor, MULTIPART, body, json!({ "max-files": 1 })).await;
    assert_eq!((code(&limited), blamed(&limited)), ("too-large", Some("data")));
    let many = "--BB\r\nContent-Disposition: attachment\r\n\r\n1\r\n".repeat(128);
    let received = receive(&mut visitor, MULTIPART, form(&head, inner(&many).as_bytes()), json!({})).await;
    assert_eq!(code(&received), "too-large", "parts of parts are counted");
    let deep = "--BB\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C--\r\n";
    for content in [inner(deep), "--BB\r\n\r\ncut".to_owned()] {
        let received = receive(&mut visitor, MULTIPART, form(&head, content.as_bytes()), json!({})).await;
        assert_eq!((code(&received), blamed(&received)), ("bad-form", Some("data")), "{content}");
    }
    assert_eq!(host.database().count("probe", "blobs").await, 2);
}

async fn a_boundary_is_read_as_it_is_given(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (given, boundary) in [
        ("==a=b==", "==a=b=="),
        ("\"a b:c\"", "a b:c"),
        ("\"==a\\\"b==\"", "==a\"b=="),
        ("----=_Part_0_1.2; charset=utf-8", "----=_Part_0_1.2"),
        ("B--", "B--"),
    ] {
        let body = format!(
            "--{boundary} \r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--{boundary}x\r\n--{boundary}--"
        );
        let content_type = format!("Multipart/Form-Data; Boundary={given}");
        let received = receive(&mut visitor, &content_type, body.into_bytes(), json!({})).await;
        assert_eq!(ok(&received)["fields"], json!([["a", format!("1\r\n--{boundary}x")]]), "{given}");
    }
}

async fn a_boundary_that_cannot_be_is_named(engine: Engine) {
    let (_host, mut visitor) = probe(engine).await;
    for (content_type, said) in [
        ("multipart/form-data", "without a boundary"),
        ("multipart/form-data; charset=utf-8", "without a boundary"),
        ("multipart/form-data; boundary=", "the boundary in the content type"),
        ("multipart/form-data; boundary=A; boundary=B", "two different values of `boundary`"),
        ("multipart/form-data; boundary=A", "is the boundary that the content type names"),
        ("multipart/form-data; boundary=\"B", "the content type of the form is wrong"),
        ("text/plain", "its content type is another"),
        ("application/x-www-form-urlencodedx", "its content type is another"),
    ] {
        let body = form(&disposition(b"name=a"), b"1");
        let received = receive(&mut visitor, content_type, body, json!({})).await;
        let message = received["error"]["message"].as_str().unwrap_or_default();
        assert!(code(&received) == "bad-form" && message.contains(said), "{content_type}: {received}");
    }
}
