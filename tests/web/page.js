// What a page of another origin can do with the contract: everything. Each function is called by
// drive.mjs inside the browser and answers with what it saw.

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { AccountService } from "atalaya/users/v1/account_service_pb.js";
import { SessionService } from "atalaya/users/v1/session_service_pb.js";
import { ImageService } from "atalaya/images/v1/image_service_pb.js";
import { TaskService } from "atalaya/tasks/v1/task_service_pb.js";
import { TaskState } from "atalaya/tasks/v1/task_pb.js";
import { ErrorInfoSchema } from "google/rpc/error_details_pb.js";

const TRIES = 6;
const FIRST_PAUSE = 200; // milliseconds; each pause is twice as long as the one before.

let token = "";
let calls;

// A server on a busy machine may be busy too: it says so, and a well-behaved client comes again.
const patient = (next) => async (request) => {
  for (let tries = 1; ; tries++) {
    try {
      return await next(request);
    } catch (error) {
      if (tries === TRIES || ConnectError.from(error).code !== Code.ResourceExhausted) throw error;
      await new Promise((resolve) => setTimeout(resolve, FIRST_PAUSE * 2 ** (tries - 1)));
    }
  }
};

function open(server) {
  const authorize = (next) => (request) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const transport = createGrpcWebTransport({ baseUrl: server, interceptors: [patient, authorize] });
  const client = (service) => createClient(service, transport);
  calls = {
    accounts: client(AccountService),
    sessions: client(SessionService),
    images: client(ImageService),
    tasks: client(TaskService),
  };
}

function tell(text) {
  const line = document.createElement("li");
  line.textContent = text;
  document.getElementById("steps").append(line);
  return line;
}

async function signUpAndLogIn(email, password) {
  const { account } = await calls.accounts.signUp({ email, name: "Mara", password });
  const login = await calls.sessions.createSession({ email, password });
  token = login.session.token;
  const own = await calls.accounts.getOwnAccount({});
  tell(`logged in as ${own.account.email}`);
  return { made: account.id, own: own.account.id };
}

// A picture that this browser drew and encoded itself: blue at the top left, noise at the bottom right,
// red elsewhere.
async function draw(width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#c03020";
  pen.fillRect(0, 0, width, height);
  pen.fillStyle = "#2050c0";
  pen.fillRect(0, 0, width / 2, height / 2);
  const noise = pen.createImageData(width / 2, height / 2);
  // A fixed sequence (Numerical Recipes' generator): the same picture every time.
  let state = 1;
  for (let index = 0; index < noise.data.length; index++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    noise.data[index] = index % 4 === 3 ? 255 : state >>> 24;
  }
  pen.putImageData(noise, width / 2, height / 2);
  const blob = await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 });
  return new Uint8Array(await blob.arrayBuffer());
}

async function upload(width, height) {
  const content = await draw(width, height);
  const { image } = await calls.images.createImage({ header: { name: "drawn.jpg", contentType: "image/jpeg" }, content });
  const whole = await calls.images.getImageContent({ id: image.id });
  tell(`uploaded ${image.name}, ${image.revision.size} bytes`);
  return { id: image.id, sent: content.length, same: String(whole.content) === String(content) };
}

// Every state that a watcher is told.
async function rotateAndWatch(id, angle) {
  const { task } = await calls.images.rotateImage({ id, angle });
  const seen = [];
  for await (const { task: now } of calls.tasks.watchTask({ id: task.id })) {
    seen.push({ state: TaskState[now.state], end: Boolean(now.endTime) });
  }
  tell(`${task.name}: ${seen.at(-1).state}`);
  return seen;
}

// Watches a task that waits behind others, and cancels it when the first message has come.
async function cancelAtFirstMessage(id) {
  for (let turn = 0; turn < 6; turn++) await calls.images.rotateImage({ id, angle: 90 });
  const { task } = await calls.images.grayscaleImage({ id });
  const seen = [];
  for await (const { task: now } of calls.tasks.watchTask({ id: task.id })) {
    if (seen.length === 0) await calls.tasks.cancelTask({ id: task.id });
    seen.push(TaskState[now.state]);
  }
  tell(`${task.name}: ${seen.join(", ")}`);
  return seen;
}

// The messages of a download, and the picture that this browser decodes from them.
async function download(id) {
  const parts = [];
  let first;
  for await (const { part } of calls.images.downloadImage({ id })) {
    if (part.case === "image") first = part.value;
    else parts.push(part.value);
  }
  const blob = new Blob(parts, { type: "image/jpeg" });
  const picture = await createImageBitmap(blob);
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  const pen = canvas.getContext("2d");
  pen.drawImage(picture, 0, 0);
  const element = document.createElement("img");
  element.src = URL.createObjectURL(blob);
  tell("downloaded").append(element);
  return {
    chunks: parts.length,
    size: blob.size,
    said: Number(first.revision.size),
    pixels: [picture.width, picture.height],
    topLeft: [...pen.getImageData(4, 4, 1, 1).data],
    bottomLeft: [...pen.getImageData(4, picture.height - 5, 1, 1).data],
  };
}

// How a call fails: its code and the reason in its details, or that it did not.
async function failure(service, method, request) {
  try {
    for await (const _ of stream(calls[service][method](request)));
    return { code: "Ok" };
  } catch (error) {
    const cause = ConnectError.from(error);
    const info = cause.findDetails(ErrorInfoSchema)[0];
    return { code: Code[cause.code], domain: info?.domain, reason: info?.reason, message: cause.rawMessage };
  }
}

async function* stream(answer) {
  if (Symbol.asyncIterator in answer) yield* answer;
  else yield await answer;
}

function forget() {
  token = "";
}

window.atalaya = { open, signUpAndLogIn, forget, upload, rotateAndWatch, cancelAtFirstMessage, download, failure };
