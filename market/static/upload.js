// Improves a file field that works without it: what is chosen is sent at once, in pieces, each tried again where the
// connection breaks, and the form then only names it. A file that was begun before goes on where it stopped.

const PIECE = 4 * 1024 * 1024; // bytes
const PAUSES = [1, 2, 4, 8, 15, 30, 30, 30]; // seconds before a piece is tried again

class Refused extends Error {}

for (const input of document.querySelectorAll("input[type=file][data-upload]")) improve(input);

function improve(input) {
  const { form, name } = input;
  const texts = JSON.parse(input.dataset.texts);
  const most = Number(input.dataset.most);
  const list = document.getElementById(`${input.id}-files`);
  const said = document.getElementById(`${input.id}-said`);
  const sending = new Set();

  const ask = async (url, options = {}) => {
    const headers = { "X-CSRFToken": form.elements.csrf_token.value };
    const answer = await fetch(url, { ...options, headers, signal: options.signal });
    if (answer.status >= 500 || answer.status === 429) throw new Error(answer.status);
    const told = await answer.json().catch(() => ({ problem: texts.failed }));
    if (answer.status === 409) throw new Error(told.problem); // somebody is at it, or something is missing: ask how far it is
    if (told.problem) throw Object.assign(new Refused(told.problem), { again: answer.status === 401 });
    return told;
  };

  const digest = async (file) => {
    try {
      const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    } catch {
      return ""; // without TLS, or without the memory: it is sent all the same
    }
  };

  const send = async (file, show, signal) => {
    const body = (fields) => ({ method: "POST", body: new URLSearchParams(fields), signal });
    const begin = body({ name: file.name, size: file.size, sha256: await digest(file) });
    const begun = await patiently(() => ask(input.dataset.upload, begin));
    const url = `${input.dataset.upload}/${begun.identifier}`;
    let at = begun.received;
    const askHowFar = async () => { at = (await ask(url, { signal })).received; };
    for (;;) {
      while (at < file.size) {
        show(at / file.size);
        at = await patiently(async () => {
          if (at >= file.size) return at; // the last one had come, and its answer had not
          const piece = file.slice(at, at + PIECE);
          return (await ask(`${url}?start=${at}`, { method: "PUT", body: piece, signal })).received;
        }, askHowFar);
      }
      show(1);
      const done = await patiently(() => (at < file.size ? null : ask(`${url}/finish`, body({ field: name }))), askHowFar);
      if (done) return done.html; // or what was sent is lost, and is sent again
    }

    async function patiently(act, meanwhile = async () => {}) {
      for (let tries = 0; ; tries += 1) {
        try {
          if (tries) await meanwhile();
          return await act();
        } catch (error) {
          if (signal.aborted || error instanceof Refused || tries >= PAUSES.length) throw error;
          show(null);
          await new Promise((wake) => { setTimeout(wake, PAUSES[tries] * 1000); });
        }
      }
    }
  };

  const add = (file) => {
    const row = document.createElement("li");
    const stopper = new AbortController();
    const label = document.createElement("span");
    const bar = document.createElement("progress");
    const remove = button(texts.remove, file.name, () => {
      stopper.abort();
      sending.delete(row);
      row.remove();
      input.focus();
    });
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("role", "progressbar");
    bar.setAttribute("aria-label", file.name);
    let quarter = -1;
    const show = (share) => {
      const percent = Math.floor((share ?? bar.value / 100) * 100);
      const state = share === null ? texts.waiting : share === 1 ? texts.checking : texts.sending;
      bar.value = percent;
      label.textContent = `${file.name} · ${state} ${percent}%`;
      if (share === null || Math.floor(percent / 25) !== quarter) said.textContent = label.textContent; // not every piece is read aloud
      quarter = Math.floor(percent / 25);
    };
    label.textContent = `${file.name} · ${texts.preparing}`;
    row.append(label, bar, remove);
    if (most === 1) for (const other of [...list.children]) other.querySelector("button")?.click() ?? other.remove();
    list.append(row);
    const start = async () => {
      sending.add(row);
      try {
        const html = await send(file, show, stopper.signal);
        const holder = document.createElement("ul");
        holder.innerHTML = html;
        row.replaceWith(holder.querySelector("li"));
        said.textContent = `${file.name} · ${texts.done}`;
      } catch (error) {
        if (stopper.signal.aborted) return;
        const why = document.createElement("p");
        why.className = "problem";
        why.setAttribute("role", "alert");
        why.textContent = `${file.name} · ${error instanceof Refused ? error.message : texts.failed}`;
        row.dataset.failed = "";
        row.replaceChildren(why, remove);
        if (!(error instanceof Refused) || error.again) {
          row.append(button(texts.again, file.name, () => {
            delete row.dataset.failed;
            row.replaceChildren(label, bar, remove);
            queue = queue.then(start);
          }));
        }
      } finally {
        sending.delete(row);
      }
    };
    sending.add(row);
    queue = queue.then(() => (stopper.signal.aborted ? null : start()));
  };

  const button = (text, file, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "link";
    made.textContent = text;
    made.setAttribute("aria-label", `${text} ${file}`);
    made.addEventListener("click", act);
    return made;
  };

  let queue = Promise.resolve();
  input.addEventListener("change", () => {
    const room = most === 1 ? 1 : most - list.children.length;
    const chosen = [...input.files];
    input.value = ""; // they come in pieces, and not once more with the form
    said.textContent = chosen.length > room ? texts.too_many : "";
    chosen.slice(0, room).forEach(add);
  });
  form.addEventListener("submit", async (event) => {
    if (list.querySelector("[data-failed]")) {
      event.preventDefault();
      said.textContent = texts.unfinished;
      list.querySelector("[data-failed] button").focus();
    } else if (sending.size) {
      event.preventDefault();
      said.textContent = texts.wait;
      const { submitter } = event;
      while (sending.size) await queue; // eslint-disable-line no-await-in-loop
      if (!list.querySelector("[data-failed]")) form.requestSubmit(submitter);
    }
  });
}
