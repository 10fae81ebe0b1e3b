// The upload page: files go straight to S3, three at a time, each with a progress bar; then the server's messages
// follow each until it is settled.
(() => {
  "use strict";

  const AT_ONCE = 3;
  const FOLLOWED_AT_ONCE = 10;
  const CSV_NAME = /\.csv(\.gz)?$/i;
  const WORDS = {
    EntityTooLarge: "The file is too large.",
    AccessDenied: "S3 refused it: the permission has expired or does not match. Try again.",
    RequestTimeout: "The connection was too slow for S3. Try again.",
  };

  const form = document.getElementById("upload");
  if (!form) return;
  const list = document.getElementById("uploads-list");
  const row = document.getElementById("upload-row");
  const input = form.querySelector("input[type=file]");
  const announced = [...form.querySelectorAll(".announced input")];
  const announcedProblem = document.getElementById("announced-problem");
  const maxBytes = Number(form.dataset.maxBytes);
  input.multiple = true;
  input.required = false;

  const waiting = [];
  const toFollow = [];
  let sending = 0;
  let following = 0;

  const bytes = (count) => {
    const units = ["bytes", "KiB", "MiB", "GiB"];
    const power = Math.min(Math.floor(Math.log2(Math.max(count, 1)) / 10), 3);
    return `${(count / 1024 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
  };

  const problemOf = (file) => {
    if (!CSV_NAME.test(file.name)) return "Only .csv and .csv.gz files can be uploaded. Export the file as CSV.";
    if (file.size > maxBytes) return `It is larger than ${form.dataset.max}. Split it and upload the parts.`;
    return "";
  };

  class Upload {
    constructor(file, announces) {
      this.file = file;
      this.announces = announces;
      this.settled = "";
      this.element = row.content.firstElementChild.cloneNode(true);
      const [name, size] = this.element.querySelector(".upload-name").children;
      name.textContent = name.title = file.name;
      size.textContent = bytes(file.size);
      this.button = this.element.querySelector("button");
      this.button.addEventListener("click", () => (this.failed ? this.again() : this.cancel()));
      list.append(this.element);
    }

    get state() { return this.element.querySelector(".upload-state"); }

    say(words, tone = "") {
      const text = document.createElement("span");
      text.textContent = words;
      if (tone) text.className = tone;
      this.state.replaceChildren(text);
    }

    fail(words) {
      this.failed = true;
      this.say(words, "fail");
      this.button.hidden = Boolean(problemOf(this.file));
      this.button.textContent = "Try again";
    }

    again() {
      this.failed = false;
      this.button.textContent = "Cancel";
      enqueue(this);
    }

    cancel() {
      this.cancelled = true;
      this.request?.abort();
      const at = waiting.indexOf(this);
      if (at >= 0) waiting.splice(at, 1);
      this.element.remove();
      tell();
    }

    async send() {
      this.say("Requesting permission…");
      const post = await this.permission();
      if (!post || this.cancelled) return;
      const body = new FormData();
      for (const [name, value] of Object.entries(post.fields)) body.append(name, value);
      body.append("file", this.file);
      const request = await this.transfer(post.url, body);
      if (this.cancelled) return;
      if (request.status < 200 || request.status > 299) {
        this.fail(reasonOf(request));
        return;
      }
      this.button.hidden = true;
      this.key = post.object_key;
      this.version = request.getResponseHeader("x-amz-version-id") ?? "";
      this.say("Stored in the inbox.");
      toFollow.push(this);
      follow();
    }

    async permission() {
      let answer;
      try {
        answer = await fetch("/api/uploads", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({
            name: this.file.name, encoding: form.querySelector("select").value, ...this.announces,
          }),
        });
      } catch {
        this.fail("The console cannot be reached. Check the connection, then try again.");
        return null;
      }
      if (answer.ok) return answer.json();
      const problem = await answer.json().catch(() => ({}));
      if (answer.status === 401) this.fail("You are signed out. Reload this page to sign in again.");
      else this.fail(problem.detail || `The console refused the upload (${answer.status}).`);
      return null;
    }

    transfer(url, body) {
      const bar = document.createElement("progress");
      bar.max = Math.max(this.file.size, 1);
      bar.value = 0;
      bar.setAttribute("aria-label", `Upload of ${this.file.name}`);
      const words = document.createElement("span");
      words.className = "muted small num";
      this.state.replaceChildren(bar, words);
      return new Promise((done) => {
        // fetch() reports no upload progress.
        const request = this.request = new XMLHttpRequest();
        request.open("POST", url);
        request.upload.addEventListener("progress", (event) => {
          bar.value = Math.min(event.loaded, bar.max);
          words.textContent = `${Math.floor(100 * bar.value / bar.max)} %`;
        });
        request.addEventListener("loadend", () => done(request));
        request.send(body);
      });
    }
  }

  function reasonOf(request) {
    if (!request.status) return "The connection to S3 broke, or the browser blocked it. Try again.";
    const answer = new DOMParser().parseFromString(request.responseText, "text/xml");
    const code = answer.querySelector("Code")?.textContent ?? "";
    return WORDS[code] ?? `S3 refused it: ${answer.querySelector("Message")?.textContent || request.status}. Try again.`;
  }

  function enqueue(upload) {
    upload.say("Waiting for its turn.");
    waiting.push(upload);
    next();
  }

  async function next() {
    tell();
    if (sending >= AT_ONCE || !waiting.length) return;
    sending += 1;
    const upload = waiting.shift();
    next();
    try {
      await upload.send();
    } finally {
      sending -= 1;
      next();
    }
  }

  // The response replaces the state's element, which reloads itself until it carries data-settled.
  function follow() {
    while (following < FOLLOWED_AT_ONCE && toFollow.length) {
      following += 1;
      const upload = toFollow.shift();
      const query = new URLSearchParams({ key: upload.key, version: upload.version });
      const state = upload.state;
      state.setAttribute("hx-get", `/upload/progress?${query}`);
      state.setAttribute("hx-trigger", "load");
      state.setAttribute("hx-swap", "outerHTML");
      state.setAttribute("hx-target", "this");
      window.htmx.process(state);
    }
  }

  const uploads = [];

  document.addEventListener("htmx:after:swap", () => {
    for (const upload of uploads) {
      const settled = upload.settled ? "" : upload.state?.dataset.settled;
      if (!settled) continue;
      upload.settled = settled;
      following -= 1;
    }
    follow();
    tell();
  });

  function tell() {
    const all = uploads.filter((upload) => !upload.cancelled);
    const count = (test) => all.filter(test).length;
    const settled = count((upload) => upload.settled);
    const needed = count((upload) => upload.failed || (upload.settled && upload.settled !== "processed"));
    document.getElementById("uploads").hidden = !all.length;
    document.getElementById("uploads-sum").textContent =
      `${settled} of ${all.length} settled${needed ? ` · ${needed} ${needed === 1 ? "needs" : "need"} you` : ""}`;
  }

  // Rows and total are those of one file: they go with it, and are not left for the next.
  function takeAnnouncement(files) {
    const filled = announced.filter((field) => field.value.trim());
    const wrong = filled.find((field) => !field.checkValidity());
    let problem = "";
    if (filled.length && files.length > 1) {
      problem = "Rows and total are those of one file. Choose one file, or clear both fields.";
    } else if (wrong) {
      problem = `${wrong.title}. Nothing was uploaded: correct it, then choose the file again.`;
    }
    announcedProblem.textContent = problem;
    announcedProblem.hidden = !problem;
    if (problem) {
      (wrong ?? filled[0]).focus();
      return null;
    }
    const values = Object.fromEntries(filled.map((field) => [field.id, field.value.trim()]));
    for (const field of announced) field.value = "";
    return values;
  }

  function take(files) {
    const announces = files.length ? takeAnnouncement(files) : null;
    if (!announces) return;
    for (const file of files) {
      const upload = new Upload(file, announces);
      uploads.push(upload);
      const problem = problemOf(file);
      if (problem) upload.fail(problem); else enqueue(upload);
    }
    tell();
  }

  input.addEventListener("change", () => {
    take(input.files);
    input.value = "";
  });

  let depth = 0;
  const brings = (event) => event.dataTransfer?.types.includes("Files");
  const mark = (step) => {
    depth = Math.max(depth + step, 0);
    form.classList.toggle("over", depth > 0);
  };
  window.addEventListener("dragenter", (event) => { if (brings(event)) mark(1); });
  window.addEventListener("dragleave", (event) => { if (brings(event)) mark(-1); });
  window.addEventListener("dragover", (event) => { if (brings(event)) event.preventDefault(); });
  window.addEventListener("drop", (event) => {
    if (!brings(event)) return;
    event.preventDefault();
    mark(-depth);
    take(event.dataTransfer.files);
  });

  window.addEventListener("beforeunload", (event) => {
    if (sending || waiting.length) event.preventDefault();
  });
})();
