// For a page in a browser: `uploadByUppy` sends a file by Uppy and its tus plugin, and tells what
// became of it.
import Uppy from "@uppy/core";
import Tus from "@uppy/tus";

globalThis.uploadByUppy = async (endpoint, size, options) => {
  const uppy = new Uppy().use(Tus, { endpoint, retryDelays: [0, 100, 500], ...options });
  const data = new Blob([Uint8Array.from({ length: size }, (_, at) => at % 251)]);
  uppy.addFile({ name: "größe.bin", type: "application/x-own", data });
  const { successful, failed } = await uppy.upload();
  return { sent: successful.map((file) => file.uploadURL), failed: failed.map((file) => file.error) };
};
