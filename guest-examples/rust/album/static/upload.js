// Sends photos piece by piece, by the tus protocol (https://tus.io/protocols/resumable-upload). An
// upload that was interrupted goes on where it was: after a lost connection by itself, after a
// reload when the same file is chosen again within an hour. Without this script the form sends the
// files itself.

const CHUNK_BYTES = 5 * 1024 * 1024;
const TRIES = 5;
const TUS = { "tus-resumable": "1.0.0" };
// Gone, too large, or no image: what is refused so once is refused again.
const FINAL = [404, 410, 413, 415];

const form = document.getElementById("upload");
const uploads = form.dataset.uploads;

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const failed = [];
  // As they are now: the form can be changed while they are sent.
  const [files, caption] = [[...form.elements.photo.files], form.elements.caption.value];
  for (const file of files) {
    await send(file, caption).catch((error) => failed.push(`${file.name}: ${error.message.replace(/\.$/, "")}`));
  }
  if (failed.length === 0) {
    location.reload();
  } else {
    button.disabled = false;
    show("problem", failed.join(", ") + ". Choose the files again to go on.");
  }
});

// Sends one file and makes it a photo.
async function send(file, caption) {
  const key = `upload ${uploads} ${file.name} ${file.size} ${file.lastModified}`;
  const saved = JSON.parse(localStorage.getItem(key));
  const ticket = saved && (await offsetOf(saved)) !== null ? saved : await begin(file);
  localStorage.setItem(key, JSON.stringify(ticket));
  try {
    await sendRest(file, ticket);
    await post(`${uploads}/${ticket.id}`, { caption });
  } catch (error) {
    // All else may go on later, for example once the visitor has signed in again.
    if (error.isFinal) localStorage.removeItem(key);
    throw error;
  }
  localStorage.removeItem(key);
}

// Asks the app for a ticket, and begins the upload at the host.
async function begin(file) {
  const ticket = await (await post(uploads, {})).json();
  const metadata = `filename ${base64(file.name)},filetype ${base64(file.type)}`;
  const headers = { ...TUS, "upload-length": file.size, "upload-metadata": metadata };
  const response = await fetch(ticket.path, { method: "POST", headers });
  if (response.status !== 201) throw await refusal(response);
  return { id: ticket.id, location: response.headers.get("location") };
}

// Sends what the host does not have yet.
async function sendRest(file, ticket) {
  let failures = 0;
  let offset = await offsetOf(ticket);
  while (offset === null || offset < file.size) {
    try {
      if (offset === null) throw Object.assign(new Error("The upload is gone."), { isFinal: true });
      show(file.name, `${file.name}: ${Math.floor((offset * 100) / file.size)} %`);
      offset = await sendChunk(file, ticket, offset);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === TRIES || error.isFinal) throw error;
      show(file.name, `${file.name}: interrupted, trying again`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** failures));
      offset = await offsetOf(ticket).catch(() => offset);
    }
  }
  show(file.name, `${file.name}: done`);
}

// Sends one piece, and returns how much the host has now.
async function sendChunk(file, ticket, offset) {
  const headers = { ...TUS, "upload-offset": offset, "content-type": "application/offset+octet-stream" };
  const body = file.slice(offset, offset + CHUNK_BYTES);
  const response = await fetch(ticket.location, { method: "PATCH", headers, body });
  if (response.status === 204) return Number(response.headers.get("upload-offset"));
  throw await refusal(response);
}

// How much the host has; null where it knows nothing of the upload.
async function offsetOf(ticket) {
  const response = await fetch(ticket.location, { method: "HEAD", headers: TUS });
  if (response.ok) return Number(response.headers.get("upload-offset"));
  if ([403, 404, 410].includes(response.status)) return null;
  throw await refusal(response);
}

async function post(path, fields) {
  const body = new URLSearchParams({ csrf: form.elements.csrf.value, ...fields });
  const response = await fetch(path, { method: "POST", body });
  // 409 is an upload that was swept before it was finished.
  if (!response.ok) throw await refusal(response, [...FINAL, 409]);
  return response;
}

// An error with what the app or the host says.
async function refusal(response, final = FINAL) {
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const text = (page.querySelector("main p") ?? page.body).textContent.trim();
  return Object.assign(new Error(text || `status ${response.status}`), { isFinal: final.includes(response.status) });
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

// A line of the list below the form; the same name is the same line.
function show(name, text) {
  const list = document.getElementById("progress");
  const shown = [...list.children].find((line) => line.dataset.name === name);
  const line = shown ?? list.appendChild(document.createElement("li"));
  line.dataset.name = name;
  line.textContent = text;
}
