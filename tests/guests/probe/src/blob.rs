//! The operations `blob.*`, `writer.*` and `reader.*`.

use guest::bindings::innkeeper::storage::blob_upload::{
    self, Blob, ByteRange, Form, FormLimits, Reader, SendOptions, Writer,
};
use serde_json::{Value as Json, json};

use crate::args::{self, Args};
use crate::failure::Failure;
use crate::handles::Handles;
use crate::run::Outcome;

/// The writers and readers that the steps have opened.
pub struct Blobs {
    writers: Handles<Writer>,
    readers: Handles<Reader>,
}

impl Blobs {
    /// Nothing opened yet.
    pub fn new() -> Blobs {
        Blobs { writers: Handles::new(), readers: Handles::new() }
    }

    /// A function of the interface.
    pub fn perform(&mut self, name: &str, args: Args) -> Outcome {
        let id = || args.text("id");
        Ok(match name {
            "receive-form" => form(&blob_upload::receive_form(limits(args)?.as_ref())?),
            "receive-body" => {
                let name = args.optional_text("name")?;
                blob(&blob_upload::receive_body(name, limits(args)?.as_ref())?)
            }
            "create" => {
                self.writers.keep(blob_upload::create(args.optional_text("name")?, args.text("content-type")?)?)
            }
            "open" => self.readers.keep(blob_upload::open(id()?, range(args)?)?),
            "stat" => blob(&blob_upload::stat(id()?)?),
            "keep" => json!(blob_upload::keep(id()?)?),
            "delete" => json!(blob_upload::delete(id()?)?),
            "list" => list(&blob_upload::list_blobs(args.optional_text("after")?, args.number("limit")?)?),
            "send" => json!(blob_upload::send(id()?, args.optional("options", send_options)?.as_ref())?),
            "sign-download" => {
                let options = args.optional("options", send_options)?;
                json!(blob_upload::sign_download(id()?, options.as_ref(), args.number("seconds")?)?)
            }
            "sign-upload" => {
                let ticket = blob_upload::sign_upload(limits(args)?.as_ref(), args.number("seconds")?)?;
                json!({ "id": ticket.id, "path": ticket.path })
            }
            _ => return Err(Failure::unknown_op()),
        })
    }

    /// A method of a writer.
    pub fn perform_on_writer(&mut self, name: &str, args: Args) -> Outcome {
        if name == "drop" {
            return self.writers.drop(args, "writer");
        }
        let writer = self.writers.get(args, "writer")?;
        match name {
            "write" => write(writer, args),
            "finish" => Ok(blob(&writer.finish()?)),
            _ => Err(Failure::unknown_op()),
        }
    }

    /// A method of a reader.
    pub fn perform_on_reader(&mut self, name: &str, args: Args) -> Outcome {
        if name == "drop" {
            return self.readers.drop(args, "reader");
        }
        let reader = self.readers.get(args, "reader")?;
        match name {
            "read" => Ok(json!(args::to_base64(&reader.read(args.number("max")?)?))),
            "blob" => Ok(blob(&reader.get_blob())),
            _ => Err(Failure::unknown_op()),
        }
    }
}

/// One call of `write`; with `repeat`, as many as its `calls` says, so that a blob may be larger
/// than the guest's memory.
fn write(writer: &Writer, args: Args) -> Outcome {
    let (calls, bytes) = match args.optional("repeat", repeated)? {
        Some(repeated) => repeated,
        None => (1, bytes(args)?),
    };
    for _ in 0..calls {
        writer.write(&bytes)?;
    }
    Ok(Json::Null)
}

fn repeated(args: Args) -> Result<(u32, Vec<u8>), Failure> {
    let calls = args.optional_number("calls")?.unwrap_or(1);
    Ok((calls, vec![args.number("byte")?; args.number("count")?]))
}

fn bytes(args: Args) -> Result<Vec<u8>, Failure> {
    match args.optional_text("base64")? {
        Some(text) => args::from_base64(text),
        None => args.string("text").map(String::into_bytes),
    }
}

fn range(args: Args) -> Result<Option<ByteRange>, Failure> {
    let (first, last) = (args.optional_number("first")?, args.optional_number("last")?);
    let whole = first.is_none() && last.is_none();
    Ok((!whole).then(|| ByteRange { first: first.unwrap_or(0), last }))
}

fn limits(args: Args) -> Result<Option<FormLimits>, Failure> {
    args.optional("limits", form_limits)
}

fn form_limits(args: Args) -> Result<FormLimits, Failure> {
    Ok(FormLimits {
        max_file: args.optional_number("max-file")?,
        max_total: args.optional_number("max-total")?,
        max_files: args.optional_number("max-files")?,
        accept: args.strings("accept")?,
    })
}

fn send_options(args: Args) -> Result<SendOptions, Failure> {
    Ok(SendOptions {
        name: args.optional_string("name")?,
        download: args.flag("download")?,
        max_age: args.optional_number("max-age")?,
    })
}

fn form(form: &Form) -> Json {
    let field = |field: &blob_upload::FormField| json!([field.name, field.value]);
    let file = |file: &blob_upload::FormFile| json!({ "field": file.field, "blob": blob(&file.blob) });
    let (fields, files) = (form.fields.iter().map(field), form.files.iter().map(file));
    json!({ "fields": fields.collect::<Json>(), "files": files.collect::<Json>() })
}

fn list(blobs: &[Blob]) -> Json {
    blobs.iter().map(blob).collect()
}

fn blob(blob: &Blob) -> Json {
    json!({
        "id": blob.id,
        "size": blob.size,
        "sha256": blob.sha256,
        "content-type": blob.content_type,
        "name": blob.name,
        "created": blob.created,
        "kept": blob.kept,
    })
}
