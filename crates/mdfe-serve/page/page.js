// The page of `mdfe serve`: one query at a time, its neighbours, and the way back. It asks nobody but this service.
"use strict";

const NEIGHBOURS = 24;
const find = (id) => document.getElementById(id);

/** What the service says about itself. */
let service = null;
/** Images that were searched with in this tab, so that the way back finds them again. */
const images = new Map();
/** The embedding that is shown. */
let embedding = [];
/** Counts the queries: an answer that comes late is not shown. */
let latest = 0;

/** Asks the service; asks the user for the token where it wants one. */
async function ask(path, options = {}) {
  for (;;) {
    const token = sessionStorage.getItem("token");
    const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const answer = await fetch(path, { ...options, headers });
    if (answer.ok) return answer;
    if (answer.status === 401) {
      await askForToken();
      continue;
    }
    const body = await answer.json().catch(() => null);
    throw new Error(body?.error?.message ?? `the service answered ${answer.status}`);
  }
}

/** One dialog, however many requests wait for it. */
let asking = null;
function askForToken() {
  asking ??= new Promise((resolve, reject) => {
    const dialog = find("ask");
    find("token").value = dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      asking = null;
      if (dialog.returnValue !== "given") {
        reject(new Error("it wants its token, and none was given"));
        return;
      }
      sessionStorage.setItem("token", find("token").value.trim());
      resolve();
    }, { once: true });
  });
  return asking;
}

function say(text, bad = false) {
  find("status").textContent = text;
  find("status").classList.toggle("bad", bad);
}

/** Searches with `query`: `{image: id}`, `{row}` or `{text}`. */
async function search(query) {
  const mine = ++latest;
  document.body.classList.add("busy");
  say("Searching …");
  show(query);
  const domain = find("domain").value;
  try {
    const answer = await (await send(query, domain)).json();
    if (mine !== latest) return;
    embedding = answer.embedding ?? answer.embeddings[0];
    showVector();
    showHits(answer.hits ?? [], query);
  } catch (error) {
    if (mine !== latest) return;
    find("hits").replaceChildren();
    say(`That did not work: ${error.message}`, true);
  } finally {
    if (mine === latest) document.body.classList.remove("busy");
  }
}

function send(query, domain) {
  const image = query.image === undefined ? null : images.get(query.image);
  if (image) {
    const headers = { "content-type": image.type || "application/octet-stream" };
    const filter = domain ? `&domain=${encodeURIComponent(domain)}` : "";
    const path = service.rows === null ? "/embed" : `/search?k=${NEIGHBOURS}${filter}`;
    return ask(path, { method: "POST", headers, body: image });
  }
  if (query.image !== undefined) throw new Error("this image is no longer there; drop it again");
  const { row, text } = query;
  const body = { row, text, k: NEIGHBOURS, filter: domain ? { domain } : {} };
  const headers = { "content-type": "application/json" };
  if (service.rows === null) {
    return ask("/v1/embeddings", { method: "POST", headers, body: JSON.stringify({ input: text }) });
  }
  return ask("/search", { method: "POST", headers, body: JSON.stringify(body) });
}

/** Shows what is searched for. */
async function show(query) {
  const preview = find("preview");
  find("text").value = query.text ?? "";
  let source = null;
  if (query.image !== undefined && images.has(query.image)) source = URL.createObjectURL(images.get(query.image));
  if (query.row !== undefined) source = await thumbnail(query.row, 512).catch(() => null);
  preview.hidden = source === null;
  find("drop").classList.toggle("full", source !== null);
  find("hint").querySelector("strong").hidden = source !== null;
  find("other").textContent = source === null ? "or paste one, or choose a file" : "drop, paste or choose another";
  if (source !== null) preview.src = source;
  preview.alt = query.row === undefined ? "the image you gave" : `image ${query.row} of the index`;
}

/** Where a browser finds the thumbnail: with a token it is fetched, because an `img` cannot show one. */
async function thumbnail(row, size) {
  const path = `/thumb/${row}?size=${size}`;
  if (!sessionStorage.getItem("token")) return path;
  return URL.createObjectURL(await (await ask(path)).blob());
}

/** The page as it was before any query. */
function reset() {
  latest++;
  document.body.classList.remove("busy");
  find("vector").hidden = true;
  show({});
  offer();
}

/** The start: some images of the index, spread over it, to search with. */
function offer() {
  const count = Math.min(service.rows ?? 0, 20);
  if (count === 0) {
    say("This service has no index; drop an image to see its embedding.");
    return;
  }
  const list = find("hits");
  list.classList.add("bare");
  list.replaceChildren(...Array.from({ length: count }, (_, at) => {
    const row = Math.floor((at + 0.5) * service.rows / count);
    const item = card({ row, score: 0 });
    item.querySelector(".card").setAttribute("aria-label", `image ${row} of the index; search with it`);
    return item;
  }));
  say("Drop an image to see what is nearest to it, or begin with one of these.");
}

function showHits(hits, query) {
  const list = find("hits");
  list.classList.remove("bare");
  for (const image of list.querySelectorAll("img")) if (image.src.startsWith("blob:")) URL.revokeObjectURL(image.src);
  list.replaceChildren(...hits.map(card));
  if (service.rows === null) say("This service has no index; here is the embedding.");
  else if (hits.length === 0) say("Nothing was found.");
  else {
    const of = query.row === undefined ? "" : ` of image ${query.row.toLocaleString("en")}`;
    say(`The ${hits.length} nearest${of}, by cosine. Choose one to search on.`);
  }
}

function card(hit) {
  const item = find("card").content.firstElementChild.cloneNode(true);
  const part = (name) => item.querySelector(name);
  const name = hit.label ?? fileOf(hit.path) ?? `row ${hit.row}`;
  part(".label").textContent = name;
  part(".score").textContent = hit.score.toFixed(3);
  part("rect").setAttribute("width", String(Math.max(0, Math.min(1, hit.score)) * 100));
  part(".where").textContent = hit.domain?.replaceAll("_", " ") ?? fileOf(hit.path) ?? "";
  part(".card").title = hit.path ?? "";
  part(".card").setAttribute("aria-label", `${name}, cosine ${hit.score.toFixed(3)}; search with it`);
  part(".card").addEventListener("click", () => go({ row: hit.row }));
  const image = part("img");
  const missing = () => { image.removeAttribute("src"); part(".missing").hidden = false; };
  image.addEventListener("error", missing);
  thumbnail(hit.row, 320).then((source) => { image.src = source; }, missing);
  return item;
}

function fileOf(path) {
  return path ? path.split("/").at(-1) : null;
}

function showVector() {
  find("vector").hidden = false;
  const first = embedding.slice(0, 6).map((value) => value.toFixed(3)).join(", ");
  find("values").textContent = `[${first}${embedding.length > 6 ? ", …" : ""}], ${embedding.length} values`;
}

async function copy() {
  const button = find("copy");
  try {
    await navigator.clipboard.writeText(JSON.stringify(embedding));
    button.textContent = "Copied";
  } catch {
    button.textContent = "The browser does not allow it";
  }
  setTimeout(() => { button.textContent = "Copy the vector"; }, 1800);
}

/** A new query, with a step that leads back from it. */
function go(query) {
  const hash = new URLSearchParams(Object.entries(query)).toString();
  history.pushState(query, "", `#${hash}`);
  window.scrollTo({ top: 0 });
  search(query);
}

/** The query of the address, so that a search can be sent as a link. */
function fromAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (/^\d+$/.test(given.get("row") ?? "")) return { row: Number(given.get("row")) };
  if (given.get("text")) return { text: given.get("text") };
  return null;
}

function take(file) {
  if (!file) return;
  const id = images.size;
  images.set(id, file);
  go({ image: id });
}

function listen() {
  for (const id of ["file", "camera"]) {
    find(id).addEventListener("change", (event) => { take(event.target.files[0]); event.target.value = ""; });
  }
  document.addEventListener("paste", (event) => {
    const file = [...event.clipboardData.files].find((file) => file.type.startsWith("image/"));
    if (file) { event.preventDefault(); take(file); }
  });
  document.addEventListener("dragover", (event) => { event.preventDefault(); document.body.classList.add("over"); });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) document.body.classList.remove("over"); });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("over");
    if (event.dataTransfer.files.length) take(event.dataTransfer.files[0]);
    else say("Only files can be dropped; this service fetches no address.", true);
  });
  find("sentence").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = find("text").value.trim();
    if (text) go({ text });
  });
  find("domain").addEventListener("change", () => { const query = history.state ?? fromAddress(); if (query) search(query); });
  find("copy").addEventListener("click", copy);
  window.addEventListener("popstate", (event) => { const query = event.state ?? fromAddress(); if (query) search(query); else begin(); });
}

async function begin() {
  try {
    service = await (await ask("/info")).json();
  } catch (error) {
    say(`The service does not answer: ${error.message}`, true);
    return;
  }
  const rows = service.rows === null ? "no index" : `${service.rows.toLocaleString("en")} images`;
  find("about").textContent = `${service.model} · ${service.dim}-d · ${rows}`;
  document.title = `${service.model} · mdfe`;
  find("sentence").hidden = !service.takes_text;
  find("domains").hidden = service.domains.length < 2;
  const every = find("domain").options[0];
  find("domain").replaceChildren(every, ...service.domains.map((name) => new Option(name.replaceAll("_", " "), name)));
  const query = history.state?.image === undefined ? fromAddress() : null;
  if (query) search(query);
  else reset();
}

listen();
begin();
