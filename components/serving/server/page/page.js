// The page of `ner serve`: sends text to the REST API of this server and shows the entities in it.
//
// Texts and names come from users and models, so elements are made with createElement and textContent only. Offsets of a
// model count code points; strings here count UTF-16 units; CodePoints converts.
"use strict";

(() => {
  const EXAMPLE = "Justin Trudeau went to New Delhi, India.\nXi Jinping visited Paris and met Joe Biden of the United Nations.";
  // Bounds of one request of a long text. Its answer is padded to the longest row.
  const ROWS = 32;
  const CHARACTERS = 20000;
  const TABLE_ROWS = 200;
  const PART_CHARACTERS = 3000;
  const SHOWN_CHARACTERS = 20000; // of code and JSON; browsers need seconds to lay out a megabyte
  const SHELL_ARGUMENT = 100000; // Linux refuses arguments of more than 128 KiB
  const PREDICT = "tensorflow/serving/predict";
  const UNKEYED = "unkeyed_signature";
  const DEFAULT = "serving_default";

  const by = (id) => document.getElementById(id);

  /** Creates an element. `text` is its text; other properties become attributes; false and null are left out. */
  function make(name, properties = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key === "text") element.textContent = value;
      else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  }

  const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
  const plainScore = (score) => (typeof score === "number" ? score.toFixed(2) : String(score));
  const sentence = (text) => (/[.!?…]$/.test(text.trim()) ? text.trim() : `${text.trim()}.`);

  // --- State ----------------------------------------------------------------------------------------------------------

  let models = []; // [{name, versions: [{version, state, labels, status}]}], the newest version first
  let listed = ""; // the list of models as the server wrote it
  let running = null; // AbortController of the request in progress
  let snippets = { curl: "", python: "" };
  let table = { rows: [], shown: 0 };
  let panes = []; // results on the screen
  let jsonMode = null; // name of the signature whose inputs the text box holds as JSON; null: it holds text
  const signaturesOf = new Map(); // "model/version" -> signatures
  const drafts = new Map([["text", ""]]); // contents of the text box by mode
  const slots = new Map(); // entity type -> place in the sequence of hues
  const hidden = new Set(); // types that the user switched off
  const entityOf = new WeakMap(); // element -> entity

  // --- Server -----------------------------------------------------------------------------------------------------------

  /** An error as a sentence for the user. */
  class Problem extends Error {
    constructor(message, status = 0) {
      super(message);
      this.status = status;
    }
  }

  /** Returns the text of an answer of this server; paths are relative, so the page also works behind a prefix. */
  async function ask(path, { body = null, signal = null } = {}) {
    const headers = body === null ? {} : { "Content-Type": "application/json" };
    if (by("token").value) headers.Authorization = `Bearer ${by("token").value}`;
    try {
      const answer = await fetch(path, { method: body === null ? "GET" : "POST", headers, body, signal, cache: "no-store" });
      const text = await answer.text();
      if (!answer.ok) throw new Problem(explain(answer, text), answer.status);
      return text;
    } catch (error) {
      if (error instanceof Problem || error.name === "AbortError") throw error;
      throw new Problem("The server does not answer. Check that it still runs and that this machine reaches it.");
    }
  }

  /** Words an answer with an error status. */
  function explain(answer, text) {
    let detail = text;
    try {
      const values = JSON.parse(text);
      detail = values.error ?? values.detail ?? text;
    } catch {
      // A proxy may answer with something else than JSON.
    }
    detail = (typeof detail === "string" ? detail : JSON.stringify(detail)).trim().slice(0, 600) || answer.statusText || "no reason given";
    const wait = answer.headers.get("Retry-After");
    const retry = wait ? ` Try again in ${wait} s.` : " Try again in a moment.";
    switch (answer.status) {
      case 401:
      case 403: return "The server asks for a bearer token. Write it into the field above and try again.";
      case 404: return `The server does not have it: ${sentence(detail)}`;
      case 413: return `The request is too large for the server: ${sentence(detail)}`;
      case 429:
      case 503: return `The server is busy: ${sentence(detail)}${retry}`;
      case 504: return `The model did not answer in time: ${sentence(detail)} Try again, or send less text.`;
      default: return answer.status < 500 ? `The server refuses the request: ${sentence(detail)}` : `The server failed (${answer.status}): ${sentence(detail)}`;
    }
  }

  /** A number as the server wrote it: one that a double does not hold, or that would be written differently. */
  class Exact {
    constructor(source) {
      this.source = source;
    }

    toString() {
      return this.source;
    }
  }

  /** Reads JSON as TensorFlow Serving writes it, with bare NaN and Infinity; `exact` keeps how numbers are written. */
  function readJson(text, exact = false) {
    const MARK = "\u0000";
    const revive = (_, value, context) => {
      if (typeof value === "string") return value.startsWith(MARK) ? new Exact(value.slice(1)) : value;
      return exact && typeof value === "number" && context && context.source !== String(value) ? new Exact(context.source) : value;
    };
    try {
      return JSON.parse(text, exact ? revive : undefined);
    } catch {
      const quoted = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity|Inf)\b/g, (part) => (part[0] === '"' ? part : `"\\u0000${part}"`));
      try {
        return JSON.parse(quoted, revive);
      } catch {
        throw new Problem(`The server's answer is not JSON. It begins: ${text.slice(0, 200)}`);
      }
    }
  }

  /** Writes a value of an answer: vectors on one line, higher ranks on several. */
  function shownValue(value, indent = "") {
    if (!Array.isArray(value)) return value instanceof Exact ? value.source : JSON.stringify(value, null, 1) ?? "";
    if (!value.some(Array.isArray)) return `[${value.map((item) => shownValue(item)).join(", ")}]`;
    const inner = `${indent}  `;
    return `[\n${value.map((item) => inner + shownValue(item, inner)).join(",\n")}\n${indent}]`;
  }

  const modelNamed = (name) => models.find((model) => model.name === name);
  const currentModel = () => modelNamed(by("model").value) ?? models[0];
  const available = (model) => model.versions.filter((version) => version.state === "AVAILABLE");

  /** A choice is `label:champion`, `version:3` or `default`, for which the server takes the champion or the newest. */
  function versionOf(model, choice) {
    const [kind, ...rest] = choice.split(":");
    const value = rest.join(":");
    const usable = available(model);
    if (kind === "label") return usable.find((version) => version.labels.includes(value));
    if (kind === "version") return usable.find((version) => version.version === value);
    return usable.find((version) => version.labels.includes("champion")) ?? usable[0];
  }

  function pathOf(model, choice) {
    const [kind, ...rest] = choice.split(":");
    const part = { label: "/labels/", version: "/versions/" }[kind];
    return `v1/models/${encodeURIComponent(model.name)}${part ? part + encodeURIComponent(rest.join(":")) : ""}`;
  }

  function nameOf(model, choice) {
    const [kind, ...rest] = choice.split(":");
    const number = versionOf(model, choice)?.version ?? "?";
    return kind === "label" ? `${rest.join(":")} (version ${number})` : `version ${number}`;
  }

  /** Reads which models, versions and labels the server has. Returns true if one can be asked. */
  async function readModels() {
    const values = readJson(await ask("v1/models")).models;
    const changed = JSON.stringify(values) !== listed;
    listed = JSON.stringify(values);
    models = values;
    // A version that was unloaded is only of interest if it failed.
    for (const model of models) model.versions = model.versions.filter(({ state, status }) => state !== "END" || status.error_code !== "OK");
    if (changed) showModels();
    return models.some((model) => available(model).length > 0);
  }

  /** Returns the signatures of a version, those that take text and answer most completely first. */
  async function signatures(model, choice, signal = null) {
    const key = `${model.name}/${versionOf(model, choice)?.version ?? choice}`;
    if (!signaturesOf.has(key)) {
      const definitions = readJson(await ask(`${pathOf(model, choice)}/metadata`, { signal })).metadata.signature_def.signature_def;
      const usable = Object.entries(definitions)
        .filter(([name, { method_name: method }]) => !name.startsWith("__") && (!method || method === PREDICT))
        .map(([name, definition]) => readSignature(name, definition));
      const order = [UNKEYED, DEFAULT];
      const rank = ({ name }) => (order.includes(name) ? order.indexOf(name) : order.length);
      usable.sort((a, b) => b.answers - a.answers || rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
      if (!usable.length) throw new Problem(`${nameOf(model, choice)} has no signature for predictions.`);
      signaturesOf.set(key, usable);
    }
    return signaturesOf.get(key);
  }

  function readSignature(name, { inputs = {}, outputs = {} }) {
    const read = (infos) =>
      Object.fromEntries(
        Object.entries(infos).map(([key, info]) => {
          const shape = info.tensor_shape ?? {};
          return [key, { dtype: info.dtype, shape: shape.unknown_rank ? null : (shape.dim ?? []).map(({ size }) => Number(size)) }];
        }),
      );
    const signature = { name, inputs: read(inputs), outputs: read(outputs), text: null, answers: -1 };
    const isText = (key) => {
      const { dtype, shape } = signature.inputs[key];
      return dtype === "DT_STRING" && key !== "examples" && (shape === null || shape.length === 1 || (shape.length === 2 && shape[1] <= 1));
    };
    const names = Object.keys(signature.inputs);
    signature.text = names.find((key) => key === "sentence" && isText(key)) ?? (names.length === 1 && isText(names[0]) ? names[0] : null);
    if (signature.text !== null) {
      const has = (...keys) => keys.every((key) => key in signature.outputs);
      const parts = [["tags"], ["tokens"], ["scores"], ["starts", "ends"], ["entity_types", "entity_starts", "entity_ends"]];
      // An answer that may be cut short (`truncated`) comes after all others.
      signature.answers = parts.filter((keys) => has(...keys)).length + (has("truncated") ? 0 : parts.length);
    }
    return signature;
  }

  // --- Requests ---------------------------------------------------------------------------------------------------------

  /** Returns texts in requests of bounded size, in order. */
  function batches(texts) {
    const parts = [];
    let part = [];
    let longest = 0;
    for (const text of texts) {
      longest = Math.max(longest, text.length);
      if (part.length && (part.length === ROWS || longest * (part.length + 1) > CHARACTERS)) {
        parts.push(part);
        part = [];
        longest = text.length;
      }
      part.push(text);
    }
    if (part.length) parts.push(part);
    return parts;
  }

  /** Returns the body of a request in columns; inputs other than the text are empty or 0. */
  function bodyOf(signature, texts) {
    const inputs = {};
    for (const [name, { dtype, shape }] of Object.entries(signature.inputs)) {
      const nest = (value, depth) => (depth > 0 ? [nest(value, depth - 1)] : value);
      const depth = shape === null ? 0 : shape.length - 1;
      const filler = { DT_STRING: "", DT_BOOL: false }[dtype] ?? 0;
      inputs[name] = texts.map((text) => nest(name === signature.text ? text : filler, depth));
    }
    return withName(signature, inputs);
  }

  const withName = (signature, inputs) => (signature.name === DEFAULT ? { inputs } : { signature_name: signature.name, inputs });

  /** Returns an answer's outputs by name. A single output comes without its name. */
  function outputsOf(signature, text) {
    const names = Object.keys(signature.outputs);
    const { outputs } = readJson(text, !showsInText(signature));
    if (outputs === undefined) throw new Problem(`The answer has no outputs. It begins: ${text.slice(0, 200)}`);
    return names.length === 1 ? { [names[0]]: outputs } : outputs;
  }

  // --- Tags in a text -----------------------------------------------------------------------------------------------------

  /** Converts offsets in code points to offsets in UTF-16 units, and back. */
  class CodePoints {
    constructor(text) {
      this.units = null; // null: they are equal
      if (!/[\ud800-\udfff]/.test(text)) return;
      this.units = [];
      let unit = 0;
      for (const character of text) {
        this.units.push(unit);
        unit += character.length;
      }
      this.units.push(unit);
    }

    unit(point) {
      return this.units === null ? point : this.units[point] ?? NaN;
    }

    point(unit) {
      if (this.units === null) return unit;
      let [low, high] = [0, this.units.length - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.units[middle] < unit) low = middle + 1;
        else high = middle;
      }
      return low;
    }
  }

  const showsInText = ({ outputs, text }) => {
    const has = (...keys) => keys.every((key) => key in outputs);
    return text !== null && ((has("tags") && (has("tokens") || has("starts", "ends"))) || has("entity_types", "entity_starts", "entity_ends"));
  };

  /** Returns the tokens of a row without padding, with offsets in UTF-16 units; [] if the answer does not place them. */
  function tokensOf(outputs, row, text, points) {
    const [tags, tokens, scores] = ["tags", "tokens", "scores"].map((name) => outputs[name]?.[row]);
    const [starts, ends] = [outputs.starts?.[row], outputs.ends?.[row]];
    const placed = [];
    let end = 0;
    for (let i = 0; i < (tags?.length ?? 0); i += 1) {
      let start;
      if (starts && ends) {
        if (!(ends[i] > starts[i])) continue; // padding; a token is never empty
        [start, end] = [points.unit(starts[i]), points.unit(ends[i])];
      } else if (tokens?.[i]) {
        start = text.indexOf(tokens[i], end);
        if (start < 0) break; // padding
        end = start + tokens[i].length;
      } else break;
      placed.push({ start, end, tag: String(tags[i]), score: scores?.[i] ?? null });
    }
    return placed;
  }

  /** Returns the entities of a row, in order: IOB2 read leniently, or the entities that the model returns. */
  function entitiesOf(outputs, row, text, points, tokens) {
    if (outputs.entity_types && outputs.entity_starts && outputs.entity_ends) {
      const [types, starts, ends, scores] = ["types", "starts", "ends", "scores"].map((name) => outputs[`entity_${name}`]?.[row] ?? []);
      return types
        .map((type, i) => ({ type: String(type), start: points.unit(starts[i]), end: points.unit(ends[i]), score: scores[i] ?? null }))
        .filter(({ start, end }) => end > start)
        .map((entity) => ({ ...entity, tokens: tokens.filter(({ start, end }) => start < entity.end && end > entity.start) }));
    }
    const entities = [];
    let open = null;
    for (const token of tokens) {
      const [, prefix, type] = /^([BI])-(.+)$/s.exec(token.tag) ?? [];
      // A prefix before an outside label is outside.
      if (!prefix || type === "O" || type === "OUT") open = null;
      else if (prefix === "I" && open?.type === type) open.tokens.push(token);
      else entities.push((open = { type, tokens: [token] }));
    }
    for (const entity of entities) {
      const scores = entity.tokens.map(({ score }) => score);
      entity.start = entity.tokens[0].start;
      entity.end = entity.tokens.at(-1).end;
      entity.score = scores.every((score) => typeof score === "number") ? scores.reduce((sum, score) => sum + score, 0) / scores.length : null;
    }
    return entities;
  }

  /** Returns a line: its text, and its entities in order and without overlap; null if the answer does not fit the text. */
  function readRow(outputs, row, text) {
    const points = new CodePoints(text);
    const tokens = tokensOf(outputs, row, text, points);
    const entities = [];
    if (outputs.tags && !Array.isArray(outputs.tags[row])) return null;
    for (const entity of entitiesOf(outputs, row, text, points, tokens)) {
      const last = entities.at(-1)?.end ?? 0;
      if (!(entity.start >= last && entity.end <= text.length)) return null;
      entities.push({ ...entity, text: text.slice(entity.start, entity.end), points });
    }
    return { text, entities, cut: Boolean(outputs.truncated?.[row]) };
  }

  // --- Comparison -------------------------------------------------------------------------------------------------------

  /** Sets `other` and `kind` (same, type, bounds, alone) of each entity, from the entities of the other version. */
  function compareLines(ours, theirs) {
    let position = 0;
    for (const entity of ours.entities) {
      while (position < theirs.entities.length && theirs.entities[position].end <= entity.start) position += 1;
      const overlapping = [];
      for (let i = position; i < theirs.entities.length && theirs.entities[i].start < entity.end; i += 1) overlapping.push(theirs.entities[i]);
      const equal = overlapping.find(({ start, end }) => start === entity.start && end === entity.end);
      entity.other = equal ?? overlapping[0] ?? null;
      entity.kind = equal ? (equal.type === entity.type ? "same" : "type") : overlapping.length ? "bounds" : "alone";
    }
  }

  const KINDS = {
    same: "same",
    type: "other type",
    bounds: "other bounds",
    alone: "only here",
  };

  // --- Drawing ------------------------------------------------------------------------------------------------------------

  /** Returns the hue of a type: the report's sequence; a type keeps its place until the page is closed. */
  function hue(type) {
    if (!slots.has(type)) slots.set(type, slots.size);
    return Math.round(210 + slots.get(type) * 137.508) % 360;
  }

  function colored(element, type) {
    element.style.setProperty("--h", String(hue(type)));
    return element;
  }

  function runsLeftToRight(text) {
    const last = text.match(/\p{L}/gu)?.at(-1) ?? "";
    return last !== "" && !/[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u.test(last);
  }

  function entityElement(entity, otherName) {
    const differs = entity.kind && entity.kind !== "same";
    const sign = { type: "≠", bounds: "≠", alone: "+" }[entity.kind];
    const element = make("span", { class: `entity${differs ? (entity.kind === "alone" ? " alone" : " differs") : ""}`, role: "button", tabindex: "-1" });
    if (sign) element.append(make("span", { class: "sign", "aria-hidden": "true", text: sign }));
    // After letters that run left to right, a type in Latin letters belongs to their run; anywhere else it would join that of
    // the following word, and is isolated.
    const label = runsLeftToRight(entity.text) && /^[ -~]+$/.test(entity.type) ? "span" : "bdi";
    element.append(entity.text, make(label, { class: "type", text: entity.type }));
    if (entity.score !== null) element.append(make(label, { class: "score", text: plainScore(entity.score) }));
    if (differs) {
      const there = entity.other ? `${otherName}: ${entity.other.text} ${entity.other.type}` : `not in ${otherName}`;
      element.append(make("span", { class: "unseen", text: ` (${KINDS[entity.kind]}; ${there})` }));
    }
    element.dataset.type = entity.type;
    entityOf.set(element, entity);
    entity.element = element;
    return colored(element, entity.type);
  }

  /** Returns a line with its entities, and with marks where only the other version has some. */
  function lineElement(line, other, otherName) {
    const element = make("p", { class: `line${line.cut ? " cut" : ""}`, dir: "auto" });
    const missing = (other?.entities ?? []).filter(({ kind }) => kind === "alone");
    const parts = [...line.entities.map((entity) => ({ entity, ...entity })), ...missing.map(({ start, end }) => ({ start, end, entity: null }))];
    parts.sort((a, b) => a.start - b.start);
    let position = 0;
    let target = element;
    let next = line.text.length > SHOWN_CHARACTERS ? 0 : Infinity;
    for (const { start, end, entity } of parts) {
      if (start > position) target.append(line.text.slice(position, start));
      if (start >= next) {
        // Browsers lay out thousands of entities of one paragraph in quadratic time, so a very long one becomes several.
        target = make("span", { class: "part" });
        element.append(target);
        next = start + PART_CHARACTERS;
      }
      if (entity) target.append(entityElement(entity, otherName));
      else {
        const gap = make("span", { class: "gap", text: line.text.slice(start, end) });
        gap.append(make("span", { class: "unseen", text: ` (only in ${otherName})` }));
        target.append(gap);
      }
      position = end;
    }
    if (position < line.text.length) target.append(line.text.slice(position));
    return element;
  }

  function shapeText({ dtype, shape }) {
    const type = dtype.replace(/^DT_/, "").toLowerCase();
    return shape === null ? type : `${type} [${shape.map((size) => (size < 0 ? "any" : size)).join(", ")}]`;
  }

  function outputsElement(pane) {
    const list = make("dl", { class: "outputs" });
    for (const [name, value] of Object.entries(pane.outputs)) {
      const info = pane.signature.outputs[name];
      list.append(
        make("dt", {}, make("span", { text: name }), info ? make("span", { class: "note", text: shapeText(info) }) : null),
        make("dd", {}, make("pre", { class: "code", tabindex: "0", role: "region", "aria-label": `Output ${name}`, text: shownValue(value) })),
      );
    }
    return list;
  }

  function paneElement(pane, other) {
    const title = make("h3", { text: pane.name, id: `pane-${pane.position}` });
    const head = make("div", { class: "pane-head" }, title, make("span", { class: "note", text: pane.note }));
    const element = make("div", { class: "pane", role: "group", "aria-labelledby": title.id }, head);
    if (pane.problem) {
      element.append(make("p", { class: "notice bad", text: pane.problem }));
      return element;
    }
    if (!pane.lines) {
      if (pane.remark) element.append(make("p", { class: "notice warn", text: pane.remark }));
      element.append(outputsElement(pane));
      return element;
    }
    if (pane.lines.some(({ cut }) => cut)) {
      element.append(make("p", { class: "notice warn", text: "The model reads only the first tokens of long lines (exporter.token_length); lines that end with … have more." }));
    }
    const lines = make("div", { class: "lines" });
    pane.lines.forEach((line, index) => {
      const drawn = lineElement(line, other?.lines?.[index], other?.name);
      drawn.dataset.differs = String(Boolean(line.differs));
      lines.append(drawn);
    });
    lines.querySelector(".entity")?.setAttribute("tabindex", "0");
    element.append(lines);
    return element;
  }

  const shownPanes = () => panes.filter(({ lines }) => lines);
  const isComparison = () => panes.length === 2 && shownPanes().length === 2;

  function showResult() {
    const compared = isComparison();
    if (compared) {
      panes[0].lines.forEach((line, index) => {
        const theirs = panes[1].lines[index];
        compareLines(line, theirs);
        compareLines(theirs, line);
        line.differs = theirs.differs = [...line.entities, ...theirs.entities].some(({ kind }) => kind !== "same");
      });
    }
    showLegend(); // first: the most frequent types get the first colours, as in the report
    by("panes").className = `panes${panes.length > 1 ? " two" : ""}`;
    by("panes").replaceChildren(...panes.map((pane, index) => paneElement(pane, compared ? panes[1 - index] : null)));
    by("only-field").hidden = !compared;
    by("result-options").hidden = !shownPanes().length;
    showSummary(compared);
    fillTable(compared);
    by("raw").textContent = "";
    if (by("raw-field").open) showRaw();
    by("raw-field").hidden = panes.every(({ raw }) => !raw.length);
    by("result").hidden = false;
    applyOptions();
  }

  function showLegend() {
    const counts = new Map();
    for (const { lines } of shownPanes()) {
      for (const { entities } of lines) for (const { type } of entities) counts.set(type, (counts.get(type) ?? 0) + 1);
    }
    const types = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0], "en", { numeric: true }));
    const pick = ([type, number]) => {
      const button = make("button", { type: "button", "aria-pressed": String(!hidden.has(type)), title: "Show or hide this type" });
      button.append(make("bdi", { text: type }), " ", make("span", { class: "count", text: number.toLocaleString("en") }));
      button.dataset.type = type;
      return make("li", {}, colored(button, type));
    };
    by("legend").replaceChildren(...types.map(pick));
    by("keys").hidden = !types.length;
  }

  function showSummary(compared) {
    by("summary").hidden = !compared;
    if (!compared) return;
    const [ours, theirs] = panes.map(({ lines }) => lines.flatMap(({ entities }) => entities));
    const number = (entities, kind) => entities.filter((entity) => entity.kind === kind).length;
    const [first, second] = panes.map(({ name }) => name);
    const different = [
      [number(ours, "type"), "with another type"],
      [number(ours, "bounds"), "with other bounds"],
      [number(ours, "alone"), `only in ${first}`],
      [number(theirs, "alone"), `only in ${second}`],
    ].filter(([found]) => found);
    const text = different.length
      ? `${count(number(ours, "same"), "entity agrees", "entities agree")}; ${different.map(([found, words]) => `${found} ${words}`).join(", ")}.`
      : `Both versions give the same ${count(ours.length, "entity", "entities")}.`;
    by("summary").replaceChildren(make("strong", { text }));
    if (different.length) {
      const key = [["≠", "other type or bounds"], ["+", "only in this version"], ["dotted line", "only in the other one"]];
      by("summary").append(make("span", { class: "keys" }, ...key.map(([sign, words]) => make("span", {}, make("b", { text: sign }), ` ${words}`))));
    }
  }

  // --- Table of entities --------------------------------------------------------------------------------------------------

  function fillTable(compared) {
    const lines = shownPanes()[0]?.lines ?? [];
    const several = lines.filter(({ text }) => text.trim()).length > 1;
    const rows = [];
    lines.forEach((line, index) => {
      const ours = line.entities.map((entity) => ({ index, first: entity, second: entity.other ?? null }));
      const linked = new Set(line.entities.map(({ other }) => other));
      const theirs = compared ? panes[1].lines[index].entities.filter((entity) => !linked.has(entity)) : [];
      const rest = theirs.map((entity) => ({ index, first: entity.kind === "alone" ? null : entity.other, second: entity }));
      rows.push(...[...ours, ...rest].sort((a, b) => (a.first ?? a.second).start - (b.first ?? b.second).start));
    });
    table = { rows, shown: 0, compared, several };
    by("table-field").hidden = !rows.length;
    by("table-title").textContent = compared ? `Entities of both versions (${rows.length.toLocaleString("en")})` : `Entities (${rows.length.toLocaleString("en")})`;
    const column = (text, number = false) => make("th", { scope: "col", class: number ? "num" : null, text });
    const heads = [several ? column("Line", true) : null, column("Text")];
    if (compared) heads.push(...panes.map(({ name }) => column(name)), column("Difference"));
    else heads.push(column("Type"), column("Score", true), column("Start", true), column("End", true));
    const caption = compared ? "Type and score in each version" : "Offsets count characters (code points)";
    by("table").replaceChildren(
      make("table", {}, make("caption", { text: caption }), make("thead", {}, make("tr", {}, ...heads)), make("tbody")),
    );
    if (by("table-field").open) moreRows();
    else by("more").hidden = true;
  }

  function moreRows() {
    const next = table.rows.slice(table.shown, table.shown + TABLE_ROWS);
    by("table").querySelector("tbody").append(...next.map(table.compared ? comparedRow : plainRow));
    table.shown += next.length;
    const rest = table.rows.length - table.shown;
    by("more").hidden = rest <= 0;
    by("more").textContent = `Show ${Math.min(rest, TABLE_ROWS)} more of ${rest.toLocaleString("en")}`;
  }

  const cell = (text, kind = null) => make("td", { class: kind, text });
  const lineCell = (index) => (table.several ? cell(String(index + 1), "num") : null);
  const wordsCell = (text) => make("td", { class: "words" }, make("bdi", { text }));

  function plainRow({ index, first: entity }) {
    const { points } = entity;
    return make(
      "tr", {}, lineCell(index), wordsCell(entity.text),
      make("td", {}, colored(make("bdi", { class: "tag", text: entity.type }), entity.type)),
      cell(entity.score === null ? "–" : plainScore(entity.score), "num"),
      cell(String(points.point(entity.start)), "num"), cell(String(points.point(entity.end)), "num"),
    );
  }

  function comparedRow({ index, first, second }) {
    const part = (entity, other) => {
      if (!entity) return make("td", {}, "–");
      const own = other && entity.text !== other.text ? make("bdi", { text: ` ${entity.text}` }) : null;
      const score = entity.score === null ? null : ` ${plainScore(entity.score)}`;
      return make("td", {}, colored(make("bdi", { class: "tag", text: entity.type }), entity.type), score, own);
    };
    const kind = !first ? `only in ${panes[1].name}` : !second ? `only in ${panes[0].name}` : first.text === second.text && first.start === second.start ? KINDS[first.kind] : KINDS.bounds;
    return make("tr", {}, lineCell(index), wordsCell((first ?? second).text), part(first, second), part(second, first), cell(kind));
  }

  function showRaw() {
    const all = panes.length > 1 ? panes.map((pane) => [`# ${pane.name}`, ...pane.raw]) : panes.map(({ raw }) => raw);
    if (!by("raw").textContent) by("raw").textContent = beginning(all.flat().join("\n"), "The copied command prints all of them.");
  }

  function applyOptions() {
    by("result").classList.toggle("with-scores", by("scores").checked);
    const only = by("only").checked && isComparison();
    for (const line of by("panes").querySelectorAll(".line")) line.hidden = only && line.dataset.differs !== "true";
    for (const element of by("panes").querySelectorAll(".entity")) element.classList.toggle("off", hidden.has(element.dataset.type));
    for (const lines of by("panes").querySelectorAll(".lines")) rove(lines, reachable(lines)[0]);
  }

  // --- Details of an entity -----------------------------------------------------------------------------------------------

  let described = null; // the entity's element whose details are shown
  let leaving = 0;

  function showTip(element, event = null) {
    clearTimeout(leaving);
    if (element.classList.contains("off")) return;
    const entity = entityOf.get(element);
    const pane = panes[by("panes").children.length > 1 && by("panes").children[1].contains(element) ? 1 : 0];
    const tip = by("tip");
    const { points } = entity;
    const parts = [
      make("div", { class: "what" }, make("bdi", { text: entity.type }), make("span", { text: entity.score === null ? "no score" : `score ${plainScore(entity.score)}` })),
    ];
    if (entity.score !== null) {
      const fill = make("span");
      fill.style.setProperty("--s", String(Math.min(Math.max(entity.score, 0), 1)));
      parts.push(make("span", { class: "meter", "aria-hidden": "true" }, fill));
    }
    parts.push(make("p", { class: "note", text: `Characters ${points.point(entity.start)} to ${points.point(entity.end)}` }));
    if (isComparison()) {
      const { other } = entity;
      const score = !other || other.score === null ? "" : `, score ${plainScore(other.score)}`;
      const text = other ? `${other.kind === "bounds" || entity.kind === "bounds" ? `“${other.text}” ` : ""}${other.type}${score}` : "nothing";
      parts.push(make("p", { class: "note", text: `In ${panes[1 - pane.position].name}: ${text}` }));
    }
    if (entity.tokens.length) {
      const line = (token) =>
        make("li", {}, make("bdi", { text: entity.text.slice(token.start - entity.start, token.end - entity.start) }), make("bdi", { text: token.tag }),
          make("span", { text: token.score === null ? "" : plainScore(token.score) }));
      parts.push(make("ul", {}, ...entity.tokens.slice(0, 30).map(line)));
    }
    tip.replaceChildren(...parts);
    tip.hidden = false;
    colored(tip, entity.type);
    described?.removeAttribute("aria-describedby");
    element.setAttribute("aria-describedby", "tip");
    described = element;
    placeTip(element, event);
    // The focus scrolls to the element after its event, and lines outside the screen have an estimated height until then.
    requestAnimationFrame(() => described === element && placeTip(element, event));
  }

  function placeTip(element, event) {
    const tip = by("tip");
    const boxes = [...element.getClientRects()];
    const box = (event && boxes.find(({ top, bottom }) => event.clientY >= top - 2 && event.clientY <= bottom + 2)) ?? boxes[0];
    const left = Math.min(Math.max(box.left, 8), document.documentElement.clientWidth - tip.offsetWidth - 8);
    const below = box.bottom + 6 + tip.offsetHeight <= innerHeight || box.top < tip.offsetHeight + 6;
    tip.style.left = `${Math.max(left, 8) + scrollX}px`;
    tip.style.top = `${(below ? box.bottom + 6 : box.top - tip.offsetHeight - 6) + scrollY}px`;
  }

  function hideTip() {
    clearTimeout(leaving);
    by("tip").hidden = true;
    described?.removeAttribute("aria-describedby");
    described = null;
  }

  const entityAt = (event) => event.target.closest?.(".entity");
  const reachable = (lines) => [...lines.querySelectorAll(".line:not([hidden]) .entity:not(.off)")];

  /** Makes one entity of a pane the one that Tab reaches. */
  function rove(lines, element) {
    for (const other of lines.querySelectorAll('.entity[tabindex="0"]')) other.setAttribute("tabindex", "-1");
    element?.setAttribute("tabindex", "0");
  }

  function moveFocus(event, element) {
    const lines = element.closest(".lines");
    const all = reachable(lines);
    const position = all.indexOf(element);
    const forward = getComputedStyle(element.closest(".line")).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    const steps = { ArrowRight: -1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1, [forward]: 1 };
    const target = event.key === "Home" ? 0 : event.key === "End" ? all.length - 1 : position + (steps[event.key] ?? NaN);
    if (Number.isNaN(target)) return;
    event.preventDefault();
    const next = all[Math.min(Math.max(target, 0), all.length - 1)];
    rove(lines, next);
    next.focus();
  }

  // --- Form -----------------------------------------------------------------------------------------------------------------

  function showModels() {
    const chosen = by("model").value;
    by("model").replaceChildren(...models.map(({ name }) => make("option", { value: name, text: name })));
    const labelled = models.find((model) => available(model).some(({ labels }) => labels.includes("champion")));
    const usable = labelled ?? models.find((model) => available(model).length) ?? models[0];
    by("model").value = (modelNamed(chosen) ?? usable)?.name ?? "";
    by("model-field").hidden = models.length < 2;
    showVersions();
  }

  const stateText = (state) => ({ AVAILABLE: "", END: " failed" })[state] ?? ` ${state.toLowerCase()}`;

  function showVersions() {
    const model = currentModel();
    by("name").textContent = model ? model.name : "No model";
    document.title = model ? `${model.name}: tagger` : "Tagger";
    if (!model) return;
    const usable = available(model);
    const labels = usable.flatMap(({ version, labels: names }) => names.map((label) => ({ label, version })));
    const first = ["champion", "candidate", "previous"];
    const rank = ({ label }) => (first.includes(label) ? first.indexOf(label) : first.length);
    labels.sort((a, b) => rank(a) - rank(b) || (a.label < b.label ? -1 : 1));
    const group = (name, options) => (options.length ? make("optgroup", { label: name }, ...options) : null);
    const options = () =>
      [
        group("By label", labels.map(({ label, version }) => make("option", { value: `label:${label}`, text: `${label} (version ${version})` }))),
        group("By number", [
          usable.length && !labels.some(({ label }) => label === "champion") ? make("option", { value: "default", text: `newest (version ${usable[0].version})` }) : null,
          ...model.versions.map(({ version, state }) =>
            make("option", { value: `version:${version}`, disabled: state !== "AVAILABLE", text: `version ${version}${stateText(state)}` })),
        ].filter(Boolean)),
      ].filter(Boolean);
    const fill = (select, extra, fallback) => {
      const chosen = select.value;
      select.replaceChildren(...extra, ...options());
      const values = [...select.options].filter(({ disabled }) => !disabled).map(({ value }) => value);
      select.value = values.includes(chosen) ? chosen : fallback(values);
    };
    fill(by("version"), [], (values) => (values.find((value) => value === "label:champion" || value === "default") ?? ""));
    fill(by("against"), [make("option", { value: "", text: "nothing" })], () => "");
    const pill = ({ version, state, status, labels: names }) => {
      const failed = state === "END";
      const element = make("span", { class: `pill${names.includes("champion") ? " champion" : failed ? " failed" : ""}`, title: status.error_message || null });
      if (names.length) element.append(make("strong", { text: names.join(", ") }), " ");
      element.append(`version ${version}${stateText(state)}`);
      return element;
    };
    by("served").replaceChildren(...model.versions.slice(0, 12).map(pill));
    if (model.versions.length > 12) by("served").append(make("span", { class: "pill", text: `${model.versions.length - 12} more` }));
    by("code-field").hidden = !usable.length;
    showSignatures();
  }

  /** Shows the signatures of the chosen version, and switches the text box between text and JSON. */
  async function showSignatures() {
    const model = currentModel();
    const choice = by("version").value;
    if (!model || !choice) return;
    try {
      const all = await signatures(model, choice);
      if (choice !== by("version").value || model !== currentModel()) return;
      const some = all.filter(({ text }) => text !== null);
      const offered = some.length ? some : all;
      const chosen = by("signature").value;
      by("signature").replaceChildren(...offered.map(({ name }) => make("option", { value: name, text: name })));
      if (offered.some(({ name }) => name === chosen)) by("signature").value = chosen;
      showMode(signatureIn(all, by("signature").value));
      showCode();
    } catch (error) {
      report(error);
    }
  }

  const signatureIn = (all, name) => all.find((signature) => signature.name === name) ?? all[0];

  function showMode(signature) {
    const mode = signature.text === null ? signature.name : null;
    if (mode !== jsonMode) {
      drafts.set(jsonMode ?? "text", by("text").value);
      jsonMode = mode;
      by("text").value = drafts.get(mode ?? "text") ?? JSON.stringify(exampleInputs(signature), null, 1);
    }
    by("text").classList.toggle("json", mode !== null);
    by("text-label").textContent = mode === null ? "Text" : "Inputs as JSON";
    by("run").textContent = mode === null && showsInText(signature) ? "Tag" : "Predict";
    by("lines-field").hidden = mode !== null;
    const whole = by("split").value === "whole";
    const needs = Object.entries(signature.inputs).map(([name, info]) => `${name}: ${shapeText(info)}`).join("; ");
    by("hint").textContent = mode !== null
      ? `No signature of this version takes one text. Inputs: ${needs}. Ctrl+Enter sends them.`
      : `The model reads ${whole ? "the whole text at once" : "each line separately"}. Ctrl+Enter sends ${whole ? "it" : "them"}.`;
  }

  function exampleInputs(signature) {
    const value = ({ dtype, shape }) => (shape ?? [1]).reduceRight((inner, size) => Array(Math.max(size, 1)).fill(inner), { DT_STRING: "", DT_BOOL: false }[dtype] ?? 0);
    return Object.fromEntries(Object.entries(signature.inputs).map(([name, info]) => [name, value(info)]));
  }

  /** Returns the rows of the text box; halves of characters that some editors leave become U+FFFD. */
  function rows() {
    const text = by("text").value.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
    return by("split").value === "whole" ? [text] : text.split("\n");
  }

  function typedInputs() {
    try {
      const inputs = JSON.parse(by("text").value);
      if (typeof inputs === "object" && inputs !== null) return inputs;
    } catch (error) {
      throw new Problem(`The inputs are not JSON: ${sentence(error.message)}`);
    }
    throw new Problem("The inputs must be a JSON object with one value for each input.");
  }

  // --- Sending ----------------------------------------------------------------------------------------------------------------

  function announce(text, busy = false) {
    by("status").classList.toggle("busy", busy);
    by("status").replaceChildren(text, make("span", { id: "progress", "aria-hidden": "true" }));
  }

  function report(error) {
    if (error instanceof Problem && (error.status === 401 || error.status === 403)) by("token-field").hidden = false;
    by("problem").textContent = error instanceof Problem ? error.message : `The page failed: ${error.message}`;
    by("problem").hidden = false;
    if (!(error instanceof Problem)) console.error(error);
  }

  /** Sends the rows to one version. Returns its pane. */
  async function predict(model, choice, position, signal, progress) {
    const all = await signatures(model, choice, signal);
    const signature = signatureIn(all, by("signature").value);
    const pane = { name: nameOf(model, choice), position, signature, raw: [], lines: null, outputs: null, remark: "", note: "", problem: "" };
    const path = `${pathOf(model, choice)}:predict`;
    const begin = performance.now();
    const send = async (body) => {
      pane.raw.push(await ask(path, { body: JSON.stringify(body), signal }));
      return outputsOf(signature, pane.raw.at(-1));
    };
    if ((signature.text === null) !== (jsonMode !== null)) throw new Problem(`${pane.name} takes other inputs: ${Object.keys(signature.inputs).join(", ")}.`);
    const texts = jsonMode === null ? rows() : [];
    const filled = texts.filter((text) => text.trim());
    if (showsInText(signature)) {
      const answered = [];
      for (const batch of batches(filled)) {
        pane.outputs = await send(bodyOf(signature, batch));
        const lines = batch.map((text, row) => readRow(pane.outputs, row, text));
        if (lines.includes(null)) {
          pane.remark = "The offsets of this answer leave the text or overlap, so it is shown as it is.";
          return pane;
        }
        answered.push(...lines);
        progress(position, answered.length, filled.length);
      }
      let next = 0;
      pane.lines = texts.map((text) => (text.trim() ? answered[next++] : { text, entities: [], cut: false }));
    } else {
      pane.outputs = await send(jsonMode === null ? bodyOf(signature, filled) : withName(signature, typedInputs()));
      if ("tags" in signature.outputs && jsonMode === null) {
        pane.remark = "This signature returns tags without tokens or offsets, so they cannot be shown in the text. The setting exporter.outputs adds them.";
      }
    }
    pane.outputs ??= {};
    pane.note = `${Math.max(1, Math.round(performance.now() - begin)).toLocaleString("en")} ms`;
    return pane;
  }

  async function run() {
    by("problem").hidden = true;
    hideTip();
    showCode();
    if (jsonMode === null && !by("text").value.trim()) {
      report(new Problem("There is no text yet. Write some, or press Example."));
      by("text").focus();
      return;
    }
    running?.abort();
    const controller = (running = new AbortController());
    const done = [0, 0];
    const begin = Date.now();
    announce("Waiting for the answer…", true);
    by("cancel").hidden = false;
    by("result").setAttribute("aria-busy", "true");
    let progress = "";
    const clock = setInterval(() => {
      by("progress").textContent = ` ${progress}${Math.round((Date.now() - begin) / 1000)} s`;
    }, 1000);
    try {
      if (jsonMode !== null) typedInputs();
      await readModels();
      const model = currentModel();
      const choices = [by("version").value, by("against").value].filter(Boolean);
      if (!model || !choices.length) throw new Problem("No version is available. Wait until one is loaded.");
      const tell = (position, number, total) => {
        done[position] = number;
        progress = total > ROWS ? `${Math.min(...done.slice(0, choices.length)).toLocaleString("en")} of ${total.toLocaleString("en")} lines, ` : "";
      };
      const answers = await Promise.allSettled(choices.map((choice, position) => predict(model, choice, position, controller.signal, tell)));
      if (controller.signal.aborted) return;
      const failed = answers.filter(({ status }) => status === "rejected").map(({ reason }) => reason);
      for (const reason of failed) if (!(reason instanceof Problem)) throw reason;
      if (failed.some(({ status }) => status === 401 || status === 403) || failed.length === answers.length) throw failed[0];
      panes = answers.map(({ value, reason }, position) =>
        value ?? { name: nameOf(model, choices[position]), position, raw: [], lines: null, outputs: {}, note: "", problem: reason.message });
      showResult();
      announce(conclusion());
    } catch (error) {
      if (controller.signal.aborted) return;
      by("result").hidden = true;
      panes = [];
      announce("");
      report(error);
    } finally {
      clearInterval(clock);
      if (running === controller) finish();
    }
  }

  function finish() {
    running = null;
    if (document.activeElement === by("cancel")) by("run").focus();
    by("cancel").hidden = true;
    by("result").removeAttribute("aria-busy");
  }

  function cancel() {
    if (!running) return;
    running.abort();
    finish();
    announce("Canceled.");
  }

  function conclusion() {
    if (isComparison()) {
      const [ours, theirs] = panes.map(({ lines }) => lines.flatMap(({ entities }) => entities));
      const different = ours.filter(({ kind }) => kind !== "same").length + theirs.filter(({ kind }) => kind === "alone").length;
      return different ? `${count(different, "difference")}.` : "No differences.";
    }
    const [pane] = shownPanes();
    if (!pane) return `Answer of ${panes[0].name}.`;
    const entities = pane.lines.flatMap((line) => line.entities);
    const lines = pane.lines.filter(({ text }) => text.trim()).length;
    const place = lines > 1 ? ` in ${count(lines, "line")}` : "";
    return entities.length ? `${count(entities.length, "entity", "entities")}${place}.` : `No entities${place}.`;
  }

  // --- Code -------------------------------------------------------------------------------------------------------------------

  /** Returns a value as Python source. */
  function python(value, indent = "") {
    if (value === null) return "None";
    if (typeof value === "boolean") return value ? "True" : "False";
    if (typeof value !== "object") return JSON.stringify(value);
    const array = Array.isArray(value);
    const inner = `${indent}    `;
    const parts = array ? value.map((item) => python(item, inner)) : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${python(item, inner)}`);
    const [open, close] = array ? "[]" : "{}";
    const flat = `${open}${parts.join(", ")}${close}`;
    if (!parts.some((part) => part.includes("\n")) && flat.length + indent.length < 90) return flat;
    return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
  }

  function curlCode(address, body, token) {
    const data = JSON.stringify(body);
    const lines = [`curl -sS '${address}'`, "-H 'Content-Type: application/json'"];
    if (token) lines.push('-H "Authorization: Bearer $NER_SERVE_TOKEN"');
    if (data.length > SHELL_ARGUMENT / 4) return `${[...lines, "--data-binary @- <<'JSON'"].join(" \\\n  ")}\n${data}\nJSON\n`;
    return `${[...lines, `--data-binary '${data.replaceAll("'", "'\\''")}'`].join(" \\\n  ")}\n`;
  }

  function pythonCode(address, body, token) {
    const headers = `{"Content-Type": "application/json"${token ? ', "Authorization": f"Bearer {os.environ[\'NER_SERVE_TOKEN\']}"' : ""}}`;
    return [
      "import json", token ? "import os" : null, "import urllib.request", "",
      `url = ${JSON.stringify(address)}`, `body = ${python(body)}`, `headers = ${headers}`,
      "request = urllib.request.Request(url, json.dumps(body).encode(), headers)",
      "with urllib.request.urlopen(request) as response:", "    answer = json.load(response)",
      'print(json.dumps(answer["outputs"], ensure_ascii=False, indent=1))', "",
    ].filter((line) => line !== null).join("\n");
  }

  async function showCode() {
    const model = currentModel();
    const choice = by("version").value;
    if (!model || !choice) return;
    let body;
    try {
      const signature = signatureIn(await signatures(model, choice), by("signature").value);
      const texts = rows().filter((text) => text.trim());
      body = signature.text === null ? withName(signature, typedInputs()) : bodyOf(signature, texts.length ? texts : [EXAMPLE.split("\n")[0]]);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      by("code").textContent = error.message;
      snippets = { curl: "", python: "" };
      return;
    }
    const address = new URL(`${pathOf(model, choice)}:predict`, document.baseURI).href.replaceAll("'", "%27");
    const token = Boolean(by("token").value);
    snippets = { curl: curlCode(address, body, token), python: pythonCode(address, body, token) };
    showSnippet();
  }

  const language = () => document.querySelector('input[name="language"]:checked').value;
  const languageName = () => ({ curl: "curl", python: "Python" })[language()];

  function beginning(text, remark) {
    if (text.length <= SHOWN_CHARACTERS) return text;
    const rest = (text.length - SHOWN_CHARACTERS).toLocaleString("en");
    return `${text.slice(0, SHOWN_CHARACTERS)}…\n\n(${rest} more characters. ${remark})`;
  }

  function showSnippet() {
    by("code").textContent = beginning(snippets[language()], "The copied code is complete.");
    by("copy").textContent = `Copy as ${languageName()}`;
  }

  async function copy() {
    await showCode();
    const text = snippets[language()];
    let copied = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Pages that are not on localhost or https have no clipboard; an older command works there.
      by("code").textContent = text;
      getSelection().selectAllChildren(by("code"));
      copied = document.execCommand("copy");
    }
    by("copy").textContent = copied ? "Copied" : "Press Ctrl+C";
    announce(copied ? `Copied the ${languageName()} code.` : "The code is selected. Press Ctrl+C.");
    setTimeout(showSnippet, 2000);
  }

  // --- Events -----------------------------------------------------------------------------------------------------------------

  let typing = 0;
  const later = () => {
    by("text").classList.toggle("long", by("text").value.length > SHOWN_CHARACTERS);
    clearTimeout(typing);
    typing = setTimeout(showCode, 250);
  };

  by("form").addEventListener("submit", (event) => {
    event.preventDefault();
    run();
  });
  by("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    }
  });
  by("text").addEventListener("input", later);
  by("token").addEventListener("input", later);
  by("token").addEventListener("change", () => start());
  by("cancel").addEventListener("click", cancel);
  by("example").addEventListener("click", async () => {
    const signature = currentModel() && by("version").value ? signatureIn(await signatures(currentModel(), by("version").value), by("signature").value) : null;
    by("text").value = jsonMode === null ? EXAMPLE : JSON.stringify(exampleInputs(signature), null, 1);
    later();
    by("text").focus();
  });
  by("clear").addEventListener("click", () => {
    by("text").value = "";
    later();
    by("text").focus();
  });
  by("model").addEventListener("change", showVersions);
  by("version").addEventListener("change", showSignatures);
  by("signature").addEventListener("change", showSignatures);
  by("split").addEventListener("change", showSignatures);
  by("scores").addEventListener("change", applyOptions);
  by("only").addEventListener("change", applyOptions);
  by("legend").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { type } = button.dataset;
    if (!hidden.delete(type)) hidden.add(type);
    button.setAttribute("aria-pressed", String(!hidden.has(type)));
    applyOptions();
  });
  by("table-field").addEventListener("toggle", () => by("table-field").open && !table.shown && moreRows());
  by("raw-field").addEventListener("toggle", () => by("raw-field").open && showRaw());
  by("more").addEventListener("click", moreRows);
  for (const radio of document.querySelectorAll('input[name="language"]')) radio.addEventListener("change", showSnippet);
  by("copy").addEventListener("click", copy);

  by("panes").addEventListener("mouseover", (event) => entityAt(event) && showTip(entityAt(event), event));
  by("panes").addEventListener("mouseout", (event) => {
    if (entityAt(event) && document.activeElement !== entityAt(event)) leaving = setTimeout(hideTip, 150);
  });
  by("tip").addEventListener("mouseenter", () => clearTimeout(leaving));
  by("tip").addEventListener("mouseleave", () => (leaving = setTimeout(hideTip, 150)));
  by("panes").addEventListener("focusin", (event) => entityAt(event) && showTip(entityAt(event)));
  by("panes").addEventListener("focusout", hideTip);
  by("panes").addEventListener("click", (event) => {
    const element = entityAt(event);
    if (!element) return;
    rove(element.closest(".lines"), element);
    element.focus();
    showTip(element, event);
  });
  by("panes").addEventListener("keydown", (event) => {
    const element = entityAt(event);
    if (!element) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      if (by("tip").hidden) showTip(element);
      else hideTip();
    } else moveFocus(event, element);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!by("tip").hidden) hideTip();
    else cancel();
  });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && models.length && readModels().catch(() => {}));

  /** Reads the models, and again every two seconds until one can be asked. */
  async function start() {
    try {
      const ready = await readModels();
      by("problem").hidden = true;
      if (ready) return;
      by("served").textContent = "No version is available yet.";
      setTimeout(start, 2000);
    } catch (error) {
      by("served").textContent = "";
      report(error);
      // A server that restarts answers again; one that asks for a token waits for it.
      if (error.status !== 401 && error.status !== 403) setTimeout(start, 5000);
    }
  }

  start();
})();
