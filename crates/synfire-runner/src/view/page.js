"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const meta = JSON.parse(element("meta").textContent);

  // The arrays follow the page as base64 of little-endian numbers.
  function bytes(id) {
    const node = element(id);
    if (!node) return new Uint8Array(0);
    const text = atob(node.textContent.trim());
    const out = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i);
    node.remove();
    return out;
  }
  const epochs = new Float64Array(bytes("epochs").buffer);
  const offsets = new Float64Array(bytes("offsets").buffer);
  const neurons = new Uint32Array(bytes("neurons").buffer);
  const samples = new Float32Array(bytes("samples").buffer);
  const count = neurons.length;
  const times = new Float64Array(count);
  for (let i = 0; i < count; i++) times[i] = epochs[i] + offsets[i];

  // Populations: neurons are counted through all of them; those with recorded spikes have a band in the raster.
  const colours = {
    light: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a7a7a"],
    dark: ["#56b4e9", "#f0843c", "#2cc295", "#e3a3c6", "#f2b84b", "#9ad1f2", "#a8a8a8"],
  };
  const populations = meta.populations;
  let first = 0, top = 0;
  const drawn = populations.filter((p) => p.recorded).reduce((sum, p) => sum + p.size, 0);
  populations.forEach((p, index) => {
    p.first = first;
    first += p.size;
    p.bottom = top;
    p.height = p.recorded ? Math.max(p.size, 0.04 * drawn) : 0;
    top += p.height;
  });
  function colourPopulations() {
    const shades = document.documentElement.classList.contains("dark") ? colours.dark : colours.light;
    populations.forEach((p, index) => {
      p.colour = shades[index % shades.length];
      p.rgb = [1, 3, 5].map((at) => parseInt(p.colour.slice(at, at + 2), 16));
    });
  }
  const total = first;
  const populationOf = new Uint16Array(total);
  populations.forEach((p, index) => populationOf.fill(index, p.first, p.first + p.size));
  const height = (neuron) => {
    const p = populations[populationOf[neuron]];
    return p.bottom + (neuron - p.first + 0.5) / p.size * p.height;
  };
  const nameOf = (neuron) => {
    const p = populations[populationOf[neuron]];
    return `${p.name}:${neuron - p.first}`;
  };

  // Each neuron's spikes, in order of time, by places in the arrays above.
  const starts = new Uint32Array(total + 1);
  for (let i = 0; i < count; i++) starts[neurons[i] + 1]++;
  for (let n = 0; n < total; n++) starts[n + 1] += starts[n];
  const trains = new Uint32Array(count);
  {
    const next = starts.slice(0, total);
    for (let i = 0; i < count; i++) trains[next[neurons[i]]++] = i;
  }
  // Spikes of a neuron that are not after `t`: how many.
  function spikesUpTo(neuron, t) {
    let low = starts[neuron], high = starts[neuron + 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[trains[middle]] <= t) low = middle + 1; else high = middle;
    }
    return low;
  }

  // Synapses by target: from starts to starts of the next, source, delay, weight, receptor.
  const synapses = meta.synapses === null ? null : {
    starts: new Uint32Array(bytes("synapse-starts").buffer),
    sources: new Uint32Array(bytes("synapse-sources").buffer),
    delays: new Float64Array(bytes("synapse-delays").buffer),
    weights: new Float32Array(bytes("synapse-weights").buffer),
    receptors: bytes("synapse-receptors"),
  };

  const whole = () => ({ from: 0, to: meta.until, low: 0, high: Math.max(top, 1) });
  const view = whole();
  let chosen = -1;
  let waiting = false;
  // At the left there is room for names, as far as they are not too long for the window; the last label may stand out.
  const margin = { left: 64, right: 24, top: 8, bottom: 24 };
  const font = "12px system-ui, sans-serif";
  function fitMargin() {
    const context = element("raster").getContext("2d");
    context.font = font;
    const longest = Math.max(...populations.map((p) => context.measureText(p.name).width));
    margin.left = Math.round(Math.max(56, Math.min(longest + 14, 0.2 * element("raster").clientWidth)));
  }
  function fitName(context, name) {
    const room = margin.left - 10;
    let kept = name;
    while (kept.length > 1 && context.measureText(kept === name ? name : kept + "…").width > room) kept = kept.slice(0, -1);
    return kept === name ? name : kept + "…";
  }
  const rootStyle = () => getComputedStyle(document.documentElement);

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      fitMargin();
      drawRaster();
      drawRates();
      drawTraces();
    });
  }

  function prepare(canvas) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth, tall = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(tall * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(tall * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, tall);
    context.font = font;
    return {
      context, ratio,
      box: { x: margin.left, y: margin.top, w: Math.max(1, width - margin.left - margin.right), h: Math.max(1, tall - margin.top - margin.bottom) },
    };
  }

  function ticks(from, to, most) {
    const rough = (to - from) / Math.max(most, 1);
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((f) => f * power).find((s) => s >= rough) || 10 * power;
    const marks = [];
    for (let k = Math.ceil(from / step); k * step <= to && marks.length < 50; k++) marks.push(k * step);
    return { marks, digits: Math.max(0, -Math.floor(Math.log10(step) + 1e-9)) };
  }

  function axes(context, box, from, to, low, high, word) {
    const style = rootStyle();
    context.strokeStyle = style.getPropertyValue("--line");
    context.fillStyle = style.getPropertyValue("--faint");
    context.lineWidth = 1;
    context.strokeRect(box.x + 0.5, box.y + 0.5, box.w, box.h);
    context.textAlign = "center";
    const x = ticks(from, to, box.w / 90);
    for (const mark of x.marks) {
      const at = box.x + (mark - from) / (to - from) * box.w;
      context.fillText(mark.toFixed(Math.min(x.digits, 15)), at, box.y + box.h + 15);
      context.beginPath(); context.moveTo(at, box.y + box.h); context.lineTo(at, box.y + box.h + 4); context.stroke();
    }
    if (word !== null) {
      context.textAlign = "right";
      const y = ticks(low, high, box.h / 40);
      for (const mark of y.marks) {
        context.fillText(mark.toFixed(Math.min(y.digits, 12)), box.x - 6, box.y + box.h - (mark - low) / (high - low) * box.h + 4);
      }
      context.save();
      context.translate(12, box.y + box.h / 2);
      context.rotate(-Math.PI / 2);
      context.textAlign = "center";
      context.fillText(word, 0, 0);
      context.restore();
    }
  }

  function firstAtOrAfter(t) {
    let low = 0, high = count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (times[middle] < t) low = middle + 1; else high = middle;
    }
    return low;
  }

  function drawRaster() {
    const { context, ratio, box } = prepare(element("raster"));
    const w = Math.round(box.w * ratio), h = Math.round(box.h * ratio);
    const image = context.createImageData(w, h);
    const data = image.data;
    const begin = firstAtOrAfter(view.from), end = firstAtOrAfter(view.to);
    const perMs = w / (view.to - view.from), perRow = h / (view.high - view.low);
    // A dot is as large as there is room for; where dots meet, they get darker.
    let seen = 1;
    for (let i = begin; i < end; i++) {
      const y = height(neurons[i]);
      if (y >= view.low && y < view.high) seen++;
    }
    const size = Math.max(1, Math.min(Math.round(4 * ratio), Math.round(Math.sqrt(0.2 * w * h / seen)), Math.round(Math.max(perRow, 2 * ratio))));
    const step = size > 1 ? 255 : Math.max(60, Math.min(255, Math.round(255 * 0.9 * w * h / (seen * 4))));
    let shown = 0;
    for (let i = begin; i < end; i++) {
      const neuron = neurons[i];
      const p = populations[populationOf[neuron]];
      const y = p.bottom + (neuron - p.first + 0.5) / p.size * p.height;
      if (y < view.low || y >= view.high) continue;
      shown++;
      const px = ((times[i] - view.from) * perMs | 0) - (size >> 1), py = (h - 1 - ((y - view.low) * perRow | 0)) - (size >> 1);
      const rgb = p.rgb;
      for (let dy = 0; dy < size; dy++) {
        const row = py + dy;
        if (row < 0 || row >= h) continue;
        for (let dx = 0; dx < size; dx++) {
          const column = px + dx;
          if (column < 0 || column >= w) continue;
          const at = (row * w + column) * 4;
          data[at] = rgb[0]; data[at + 1] = rgb[1]; data[at + 2] = rgb[2];
          data[at + 3] = Math.min(255, data[at + 3] + step);
        }
      }
    }
    context.putImageData(image, Math.round(box.x * ratio), Math.round(box.y * ratio));
    axes(context, box, view.from, view.to, view.low, view.high, null);
    const style = rootStyle();
    context.textAlign = "right";
    for (const p of populations) {
      const low = Math.max(p.bottom, view.low), high = Math.min(p.bottom + p.height, view.high);
      if (high <= low) continue;
      const y = box.y + box.h - ((low + high) / 2 - view.low) / (view.high - view.low) * box.h;
      context.fillStyle = p.colour;
      context.fillRect(box.x - 4, box.y + box.h - (high - view.low) / (view.high - view.low) * box.h, 3, (high - low) / (view.high - view.low) * box.h);
      context.fillText(fitName(context, p.name), box.x - 7, y + 4);
    }
    context.textAlign = "right";
    context.fillStyle = style.getPropertyValue("--faint");
    if (chosen >= 0) {
      const x = box.x + (times[chosen] - view.from) / (view.to - view.from) * box.w;
      const y = box.y + box.h - (height(neurons[chosen]) - view.low) / (view.high - view.low) * box.h;
      if (x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h) {
        context.strokeStyle = style.getPropertyValue("--mark");
        context.lineWidth = 2;
        context.beginPath(); context.arc(x, y, 7, 0, 2 * Math.PI); context.stroke();
      }
    }
    // What is shown, for readers that cannot see and for tests.
    element("raster").dataset.box = [box.x, box.y, box.w, box.h].join(" ");
    element("raster").dataset.shown = String(shown);
    element("raster").dataset.from = String(view.from);
    element("raster").dataset.to = String(view.to);
  }

  function drawRates() {
    const { context, box } = prepare(element("rates"));
    const bins = Math.max(10, Math.min(300, Math.floor(box.w / 3)));
    const width = (view.to - view.from) / bins;
    const counts = populations.map(() => new Float64Array(bins));
    const begin = firstAtOrAfter(view.from), end = firstAtOrAfter(view.to);
    for (let i = begin; i < end; i++) {
      counts[populationOf[neurons[i]]][Math.min(bins - 1, (times[i] - view.from) / width | 0)]++;
    }
    let high = 0;
    const rates = populations.map((p, index) => counts[index].map((c) => c * 1000 / (p.size * width)));
    rates.forEach((rate) => rate.forEach((r) => { if (r > high) high = r; }));
    high = high > 0 ? 1.05 * high : 1;
    axes(context, box, view.from, view.to, 0, high, "rate (Hz)");
    populations.forEach((p, index) => {
      if (!p.recorded) return;
      context.strokeStyle = p.colour;
      context.lineWidth = 1.3;
      context.beginPath();
      rates[index].forEach((r, bin) => {
        const y = box.y + box.h - r / high * box.h;
        context.lineTo(box.x + bin / bins * box.w, y);
        context.lineTo(box.x + (bin + 1) / bins * box.w, y);
      });
      context.stroke();
    });
  }

  // Traces: a canvas each.
  meta.traces.forEach((trace) => {
    const canvas = document.createElement("canvas");
    canvas.setAttribute("aria-label", `${trace.variable} of ${trace.population} ${trace.neuron}`);
    element("traces").append(canvas);
    trace.canvas = canvas;
  });

  function drawTraces() {
    const style = rootStyle();
    for (const trace of meta.traces) {
      const { context, box } = prepare(trace.canvas);
      const begin = Math.max(0, Math.floor(view.from / trace.every)), end = Math.min(trace.count, Math.ceil(view.to / trace.every) + 1);
      let low = Infinity, high = -Infinity;
      for (let i = begin; i < end; i++) {
        const value = samples[trace.first + i];
        if (value < low) low = value;
        if (value > high) high = value;
      }
      if (trace.threshold !== null && low <= high) { low = Math.min(low, trace.threshold); high = Math.max(high, trace.threshold); }
      if (!(low < high)) { low = (low || 0) - 1; high = low + 2; }
      const reach = high - low;
      low -= 0.05 * reach; high += 0.25 * reach;
      axes(context, box, view.from, view.to, low, high, trace.unit ? `${trace.variable} (${trace.unit})` : trace.variable);
      context.save();
      context.beginPath(); context.rect(box.x, box.y, box.w, box.h); context.clip();
      const p = populations.find((other) => other.name === trace.population);
      const x = (t) => box.x + (t - view.from) / (view.to - view.from) * box.w;
      const y = (value) => box.y + box.h - (value - low) / (high - low) * box.h;
      context.strokeStyle = p.colour;
      context.lineWidth = 1.2;
      context.beginPath();
      const skip = Math.max(1, Math.floor((end - begin) / (8 * box.w)));
      for (let i = begin; i < end; i += skip) context.lineTo(x(i * trace.every), y(samples[trace.first + i]));
      context.stroke();
      if (trace.threshold !== null) {
        const neuron = p.first + trace.neuron;
        context.beginPath();
        for (let k = spikesUpTo(neuron, view.from); k < starts[neuron + 1] && times[trains[k]] <= view.to; k++) {
          const at = x(times[trains[k]]);
          context.moveTo(at, y(trace.threshold)); context.lineTo(at, box.y + 2);
        }
        context.stroke();
        context.setLineDash([5, 4]);
        context.strokeStyle = style.getPropertyValue("--faint");
        context.beginPath(); context.moveTo(box.x, y(trace.threshold)); context.lineTo(box.x + box.w, y(trace.threshold)); context.stroke();
      }
      context.restore();
      context.fillStyle = style.getPropertyValue("--faint");
      context.textAlign = "left";
      context.fillText(`${trace.variable} of ${trace.population} ${trace.neuron}`, box.x + 6, box.y + 13);
    }
  }

  // A time with all its digits: whole milliseconds and the offset as the recording has them.
  function exact(i) {
    const offset = offsets[i] === 0 ? "" : String(offsets[i]);
    if (offset === "") return String(epochs[i]);
    if (offset.includes("e")) return `${epochs[i]} + ${offset}`;
    return String(epochs[i]) + offset.slice(1);
  }
  const short = (x) => String(Number(Number(x).toPrecision(6)));

  function node(kind, text, className) {
    const made = document.createElement(kind);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  // What reached the neuron since its last spike, up to this one: from recorded spikes and the network's synapses.
  function causes(spike) {
    const neuron = neurons[spike];
    const place = spikesUpTo(neuron, times[spike]) - 1;
    const since = place > starts[neuron] ? times[trains[place - 1]] : -Infinity;
    const found = [];
    const unseen = new Set();
    for (let s = synapses.starts[neuron]; s < synapses.starts[neuron + 1]; s++) {
      const source = synapses.sources[s], delay = synapses.delays[s];
      if (!populations[populationOf[source]].recorded) { unseen.add(populations[populationOf[source]].name); continue; }
      for (let k = spikesUpTo(source, since - delay); k < starts[source + 1]; k++) {
        const at = times[trains[k]] + delay;
        if (at > times[spike]) break;
        if (at > since) found.push({ at, spike: trains[k], weight: synapses.weights[s], receptor: synapses.receptors[s] });
      }
    }
    found.sort((a, b) => b.at - a.at || a.spike - b.spike);
    return { found, unseen: [...unseen] };
  }

  function choose(spike) {
    chosen = spike;
    const panel = element("chosen");
    panel.replaceChildren();
    if (spike < 0) {
      panel.append(node("h2", "no spike chosen"), node("p", "Click a spike."));
      redraw();
      return;
    }
    const neuron = neurons[spike];
    const p = populations[populationOf[neuron]];
    const place = spikesUpTo(neuron, times[spike]) - 1;
    panel.append(node("h2", nameOf(neuron)));
    panel.append(node("p", `spikes at ${exact(spike)} ms; its spike ${place - starts[neuron] + 1} of ${starts[neuron + 1] - starts[neuron]}`));
    if (place > starts[neuron]) panel.append(node("p", `${short(times[spike] - times[trains[place - 1]])} ms after the one before`));
    if (synapses === null) {
      panel.append(node("p", meta.no_synapses));
    } else {
      const { found, unseen } = causes(spike);
      panel.append(node("h2", `${found.length} ${found.length === 1 ? "arrival" : "arrivals"} since ${place > starts[neuron] ? "its last spike" : "the beginning"}`));
      if (unseen.length) panel.append(node("p", `and what came from ${unseen.join(", ")}, whose spikes are not recorded`));
      const table = node("table");
      const head = node("tr");
      for (const [word, kind] of [["at (ms)", "number"], ["from", ""], ["receptor", ""], ["weight", "number"]]) head.append(node("th", word, kind));
      table.append(head);
      for (const cause of found.slice(0, 200)) {
        const row = node("tr", undefined, "source");
        row.tabIndex = 0;
        const receptor = p.receptors[cause.receptor];
        row.append(node("td", cause.at.toFixed(4), "number"), node("td", nameOf(neurons[cause.spike])), node("td", receptor.name), node("td", `${short(cause.weight)} ${receptor.unit}`, "number"));
        const go = () => { choose(cause.spike); reveal(cause.spike); };
        row.addEventListener("click", go);
        row.addEventListener("keydown", (event) => { if (event.key === "Enter") go(); });
        table.append(row);
      }
      panel.append(table);
      if (found.length > 200) panel.append(node("p", `and ${found.length - 200} before them`));
    }
    redraw();
  }

  // Moves the view so that a spike is in it.
  function reveal(spike) {
    const t = times[spike], y = height(neurons[spike]);
    const span = view.to - view.from, rows = view.high - view.low;
    if (t < view.from || t > view.to) move(t - span / 2 - view.from, 0);
    if (y < view.low || y > view.high) move(0, y - rows / 2 - view.low);
  }

  const least = () => Math.max(1e-9, meta.until * 1e-13);
  function set(from, to, low, high) {
    const all = whole();
    const span = Math.min(Math.max(to - from, least()), all.to), rows = Math.min(Math.max(high - low, 1), all.high);
    view.from = Math.min(Math.max(from, 0), all.to - span);
    view.to = view.from + span;
    view.low = Math.min(Math.max(low, 0), all.high - rows);
    view.high = view.low + rows;
    redraw();
  }
  const move = (dt, dy) => set(view.from + dt, view.to + dt, view.low + dy, view.high + dy);
  function zoom(factor, t, y, timeOnly) {
    const low = timeOnly ? view.low : y - (y - view.low) * factor, high = timeOnly ? view.high : y + (view.high - y) * factor;
    set(t - (t - view.from) * factor, t + (view.to - t) * factor, low, high);
  }
  const middle = () => [(view.from + view.to) / 2, (view.low + view.high) / 2];

  // Where a pointer is, in ms and rows.
  function place(event) {
    const canvas = element("raster"), rectangle = canvas.getBoundingClientRect();
    const w = rectangle.width - margin.left - margin.right, h = rectangle.height - margin.top - margin.bottom;
    const x = (event.clientX - rectangle.left - margin.left) / w, y = (event.clientY - rectangle.top - margin.top) / h;
    return { t: view.from + x * (view.to - view.from), y: view.high - y * (view.high - view.low), perMs: w / (view.to - view.from), perRow: h / (view.high - view.low) };
  }

  function nearest(event) {
    const at = place(event);
    const reach = 12;
    let best = -1, distance = reach * reach;
    const end = firstAtOrAfter(at.t + reach / at.perMs);
    for (let i = firstAtOrAfter(at.t - reach / at.perMs); i < end; i++) {
      const dx = (times[i] - at.t) * at.perMs, dy = (height(neurons[i]) - at.y) * at.perRow;
      if (dx * dx + dy * dy < distance) { distance = dx * dx + dy * dy; best = i; }
    }
    return best;
  }

  const pointers = new Map();
  let dragged = false;
  const raster = element("raster");
  raster.addEventListener("pointerdown", (event) => {
    raster.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, event);
    dragged = false;
  });
  raster.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) return;
    const other = [...pointers.values()].find((pointer) => pointer.pointerId !== event.pointerId);
    const at = place(event);
    if (other) {
      const apart = (a) => Math.hypot(a.clientX - other.clientX, a.clientY - other.clientY);
      const centre = place({ clientX: (event.clientX + other.clientX) / 2, clientY: (event.clientY + other.clientY) / 2 });
      if (apart(event) > 0) zoom(apart(before) / apart(event), centre.t, centre.y, false);
      dragged = true;
    } else {
      const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
      if (!dragged && Math.hypot(dx, dy) < 4) return;
      dragged = true;
      move(-dx / at.perMs, dy / at.perRow);
    }
    pointers.set(event.pointerId, event);
  });
  const lift = (event) => {
    if (pointers.delete(event.pointerId) && !dragged && event.type === "pointerup") choose(nearest(event));
  };
  raster.addEventListener("pointerup", lift);
  raster.addEventListener("pointercancel", lift);
  raster.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = place(event);
    zoom(Math.exp(Math.max(-0.5, Math.min(0.5, event.deltaY * 0.002))), at.t, at.y, event.shiftKey);
  }, { passive: false });

  function step(by) {
    if (chosen < 0) return;
    const neuron = neurons[chosen];
    const next = spikesUpTo(neuron, times[chosen]) - 1 + by;
    if (next < starts[neuron] || next >= starts[neuron + 1]) return;
    choose(trains[next]);
    reveal(trains[next]);
  }

  function changeTheme() { document.documentElement.classList.toggle("dark"); colourPopulations(); redraw(); }

  document.addEventListener("keydown", (event) => {
    if (event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey) return;
    const span = view.to - view.from, rows = view.high - view.low;
    const [t, y] = middle();
    const actions = {
      ArrowLeft: () => move(-span / 8, 0), ArrowRight: () => move(span / 8, 0),
      ArrowUp: () => move(0, rows / 8), ArrowDown: () => move(0, -rows / 8),
      "+": () => zoom(0.7, t, y, false), "=": () => zoom(0.7, t, y, false), "-": () => zoom(1 / 0.7, t, y, false),
      "0": () => Object.assign(view, whole()) && redraw(),
      n: () => step(1), p: () => step(-1), t: changeTheme, "/": () => element("where").focus(),
    };
    const action = actions[event.key];
    if (action) { event.preventDefault(); action(); }
  });

  element("find").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = element("where").value.trim();
    const cut = words.lastIndexOf(":");
    const name = cut < 0 ? (populations.length === 1 ? populations[0].name : "") : words.slice(0, cut);
    const id = Number(cut < 0 ? words : words.slice(cut + 1));
    const p = populations.find((other) => other.name === name);
    const trouble = element("trouble");
    trouble.textContent = "";
    if (!p) { trouble.textContent = `there is no population “${name}”; there are ${populations.map((q) => q.name).join(", ")}`; return; }
    if (!Number.isInteger(id) || id < 0 || id >= p.size) { trouble.textContent = `${p.name} has the neurons 0 to ${p.size - 1}`; return; }
    const neuron = p.first + id;
    if (starts[neuron] === starts[neuron + 1]) { trouble.textContent = `${nameOf(neuron)} has no recorded spike`; return; }
    choose(trains[starts[neuron]]);
    const y = height(neuron), rows = Math.min(view.high - view.low, 40);
    set(view.from, view.to, y - rows / 2, y + rows / 2);
    reveal(chosen);
    element("where").blur();
  });
  element("all").addEventListener("click", () => { Object.assign(view, whole()); redraw(); });
  element("theme").addEventListener("click", changeTheme);

  element("name").textContent = meta.name;
  document.title = meta.name;
  element("facts").textContent = `${meta.until} ms, ${count.toLocaleString("en")} recorded spikes of ${drawn.toLocaleString("en")} neurons` + (meta.complete ? "" : "; the run ended early");
  for (const p of populations) {
    const option = document.createElement("option");
    option.value = `${p.name}:0`;
    element("names").append(option);
  }
  if (window.matchMedia("(prefers-color-scheme: dark)").matches) document.documentElement.classList.add("dark");
  colourPopulations();
  window.addEventListener("resize", redraw);
  redraw();
})();
