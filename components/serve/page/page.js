// The page's whole behaviour: three views of one question, side by side. No library, no address outside.
"use strict";

const MODEL = "inkling", PREDICT = `v1/models/${MODEL}:predict`, CHAT = "openai/v1/chat/completions";
const at = (id) => document.getElementById(id);
const images = { visual: null, mismatched: null };  // data URIs

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function readImage(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error(`${file.name} cannot be read`));
    reader.readAsDataURL(file);
  });
}

async function take(file, view, preview) {
  try {
    if (!file.type.startsWith("image/")) throw new Error(`${file.name} is no image: take PNG, JPEG, WebP, GIF or BMP`);
    images[view] = await readImage(file);
    preview.src = images[view];
    preview.hidden = false;
    if (view === "visual") at("drop-words").hidden = true;
    at("problem").textContent = "";
  } catch (error) {
    at("problem").textContent = error.message;
  }
}

// What stands in for the mismatched image until another is chosen.
function threeShapes() {
  const canvas = element("canvas");
  canvas.width = canvas.height = 224;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#d9d4c7";
  pen.fillRect(0, 0, 224, 224);
  pen.fillStyle = "#3a6ea5";
  pen.fillRect(24, 120, 70, 70);
  pen.fillStyle = "#c0392b";
  pen.beginPath();
  pen.arc(150, 70, 38, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#3f8f4f";
  pen.beginPath();
  pen.moveTo(130, 200);
  pen.lineTo(200, 200);
  pen.lineTo(165, 140);
  pen.fill();
  return canvas.toDataURL("image/png");
}

function headers() {
  const token = at("token").value;
  return { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
}

async function post(path, body) {
  const response = await fetch(path, { method: "POST", headers: headers(), body: JSON.stringify(body) });
  if (response.ok) return response;
  if (response.status === 401) {
    at("token-label").hidden = false;
    at("token").focus();
  }
  const text = await response.text();
  let words = text;
  try {
    const { error } = JSON.parse(text);
    words = error.message || error;
  } catch { /* what came is no JSON: shown as it is */ }
  throw new Error(`The server answered ${response.status}: ${String(words).slice(0, 500)}`);
}

function shares(logLikelihoods) {
  const most = Math.max(...logLikelihoods), weights = logLikelihoods.map((value) => Math.exp(value - most));
  const sum = weights.reduce((left, right) => left + right, 0);
  return weights.map((weight) => weight / sum);
}

async function choose(question, choices, image, place) {
  const start = performance.now();
  const instance = { question, choices, ...(image ? { image } : {}) };
  const { predictions: [found] } = await (await post(PREDICT, { instances: [instance] })).json();
  const list = element("ul", undefined, "choices"), parts = shares(found.log_likelihoods);
  choices.forEach((choice, index) => {
    const row = element("li", undefined, index === found.choice ? "chosen" : ""), meter = element("meter");
    meter.value = parts[index];
    meter.setAttribute("aria-hidden", "true");
    const share = element("span", `${(100 * parts[index]).toFixed(1)} %`, "share");
    share.title = `log-likelihood ${found.log_likelihoods[index].toFixed(2)} nats`;
    row.append(meter, element("span", index === found.choice ? `${choice} (chosen)` : choice, "text"), share);
    list.append(row);
  });
  place.replaceChildren(list, element("p", `view: ${found.view}, ${Math.round(performance.now() - start)} ms`, "note"));
}

// The data of server-sent events, as they come.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const lines = (held + part.value).split("\n");
    held = lines.pop();
    for (const line of lines)
      if (line.startsWith("data: ") && line !== "data: [DONE]") yield JSON.parse(line.slice("data: ".length));
  }
}

async function answer(question, image, place) {
  const content = [{ type: "text", text: question }];
  if (image) content.push({ type: "image_url", image_url: { url: image } });
  const start = performance.now(), said = element("p", "", "said"), note = element("p", "", "note");
  const body = {
    model: MODEL, messages: [{ role: "user", content }], stream: true, stream_options: { include_usage: true },
  };
  const response = await post(CHAT, body);
  place.replaceChildren(said, note);
  let view = "", tokens = 0, first = 0;
  for await (const chunk of events(response)) {
    view = chunk.view || view;
    const [choice] = chunk.choices;
    if (choice && choice.delta.content) {
      first = first || performance.now();
      tokens += 1;
      said.textContent += choice.delta.content;
    }
    if (chunk.usage) tokens = chunk.usage.completion_tokens;
  }
  const seconds = (performance.now() - start) / 1000;
  if (!said.textContent.trim()) said.textContent = "(the model's answer is empty)";
  const speed = tokens ? `, ${tokens} tokens, ${(tokens / seconds).toFixed(0)} tokens/s` : "";
  const wait = first ? `, first after ${Math.round(first - start)} ms` : "";
  note.textContent = `view: ${view}${speed}${wait}`;
}

async function ask(event) {
  event.preventDefault();
  const question = at("question").value.trim();
  const choices = at("choices").value.split(",").map((choice) => choice.trim()).filter(Boolean);
  at("problem").textContent = "";
  if (!question) return void (at("problem").textContent = "Type a question first.");
  if (choices.length === 1) return void (at("problem").textContent = "Give two choices at least, or none.");
  at("ask").disabled = true;
  const views = { visual: images.visual, blind: null, mismatched: images.mismatched };
  for (const [view, image] of Object.entries(views)) {
    const place = at(view).querySelector(".answer");
    if (view === "visual" && !image) {
      place.replaceChildren(element("p", "Drop an image to see this view.", "note"));
      continue;
    }
    place.replaceChildren(element("p", "…", "note"));
    try {
      await (choices.length ? choose(question, choices, image, place) : answer(question, image, place));
    } catch (error) {
      place.replaceChildren();
      at("problem").textContent = error instanceof TypeError ? "The server cannot be reached." : error.message;
      break;
    }
  }
  at("ask").disabled = false;
}

function begin() {
  images.mismatched = threeShapes();
  at("other-preview").src = images.mismatched;
  at("other-preview").hidden = false;
  at("form").addEventListener("submit", ask);
  at("image").addEventListener("change", ({ target }) => target.files[0] && take(target.files[0], "visual", at("preview")));
  at("other").addEventListener("change", ({ target }) => target.files[0] && take(target.files[0], "mismatched", at("other-preview")));
  at("question").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); at("form").requestSubmit(); }
  });
  const drop = at("drop");
  for (const kind of ["dragover", "dragleave", "drop"])
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.toggle("over", kind === "dragover");
      if (kind === "drop" && event.dataTransfer.files[0]) take(event.dataTransfer.files[0], "visual", at("preview"));
    });
  document.addEventListener("paste", ({ clipboardData }) => {
    const [file] = clipboardData.files;
    if (file) take(file, "visual", at("preview"));
  });
  fetch("page/report", { method: "HEAD" }).then((response) => { at("to-report").hidden = !response.ok; });
}

begin();
