// Uploads a file by a client of the tus protocol that the rest of the world uses. `begin` sends the first bytes and leaves; `resume` takes the
// upload up again where it was left; `whole` sends everything. Prints how far it got.
import { createReadStream } from "node:fs";
import { Upload } from "tus-js-client";

const [mode, url, file, chunkSize] = process.argv.slice(2);
const pieces = [];
const place = mode === "resume" ? { uploadUrl: url } : { endpoint: url };
const upload = new Upload(createReadStream(file), {
  ...place,
  chunkSize: Number(chunkSize),
  retryDelays: [0, 100, 500, 1000],
  metadata: { filename: "größe.png", filetype: "image/png" },
  uploadDataDuringCreation: mode === "whole",
  overridePatchMethod: mode === "whole",
  onChunkComplete(_size, accepted) {
    pieces.push(accepted);
    if (mode === "begin") {
      upload.abort();
      finish("left");
    }
  },
  onSuccess: () => finish("whole"),
  onError: (error) => finish(error.message),
});
const finish = (end) => {
  console.log(JSON.stringify({ end, pieces, url: upload.url }));
  process.exit(0);
};
upload.start();
