// Prints how a `Content-Disposition` header is read.
import contentDisposition from "content-disposition";

console.log(JSON.stringify(contentDisposition.parse(process.argv[2])));
