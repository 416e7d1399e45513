/* The figures of the page are drawn as charts; they stand in its table, so nothing is lost without them. */
"use strict";
(() => {
  const box = document.getElementById("charts"), QUARTER = 900, SLOTS = 97;
  if (!box || !window.uPlot) return;
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const INK = colour("--ink"), LINE = colour("--line"), ACCENT = colour("--accent"), SOON = colour("--soon");
  const faint = (ink) => ink.startsWith("#") ? ink + "55" : "transparent";  // A forced colour is a word.
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", weekday: "short", hour: "2-digit", minute: "2-digit" });
  const hour = new Intl.DateTimeFormat("en-GB", { timeZone: "Europe/London", hour: "2-digit", minute: "2-digit" });
  const span = (at) => at == null ? "point at the chart" : `${clock.format(at * 1000)} to ${hour.format((at + QUARTER) * 1000)}`;
  const words = (s) => s == null ? "none" : s >= 86400 ? "over a day" : s >= 3600 ? `${Math.floor(s / 3600)} h ${Math.floor(s % 3600 / 60)} min` : `${Math.floor(s / 60)} min`;
  const took = (s) => s == null ? "none" : s >= 86400 ? "over a day" : s >= 3600 ? `${s / 3600} h` : s >= 60 ? `${s / 60} min` : `${s} s`;

  function read() {
    const table = document.querySelector("#figures table"), begin = Number(table.dataset.begin);
    const empty = (what) => Array(SLOTS).fill(what);
    const found = [[], empty(0), empty(0), empty(null), empty(null), empty(0), empty(null)];
    for (let n = 0; n < SLOTS; n++) found[0].push(begin + n * QUARTER);
    table.querySelectorAll("tr[data-at]").forEach((row) => {
      const place = (Number(row.dataset.at) - begin) / QUARTER, [, came, went, half, most, waited, longest] = row.cells;
      found[1][place] = Number(came.textContent);
      found[2][place] = Number(went.textContent);
      found[5][place] = Number(waited.textContent);
      for (const [n, cell] of [[3, half], [4, most], [6, longest]]) {
        if (cell.dataset.s) found[n][place] = Math.min(86400, Number(cell.dataset.s));
      }
    });
    return found;
  }

  const axis = { stroke: INK, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1 }, font: "12px sans-serif" };
  const base = (title) => ({
    title, height: 200, width: box.clientWidth,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "Europe/London"),
    cursor: { drag: { x: false, y: false }, sync: { key: "partner" } },
    legend: { live: true },
  });
  const axes = (values) => [
    { ...axis, values: (_, all) => all.map((at) => hour.format(at * 1000)) },
    { ...axis, size: 60, values: (_, all) => all.map((n) => n == null ? "" : values(n)) },
  ];
  const at = { label: "Time", value: (_, at) => span(at) };
  const bars = uPlot.paths.bars({ size: [0.8, 30] }), steps = uPlot.paths.stepped({ align: 1 });
  const MARKS = [0.1, 1, 10, 60, 600, 3600, 14400, 86400];
  const number = (_, n) => n == null ? "" : n.toLocaleString("en-GB");

  const data = read();
  const through = new uPlot({
    ...base("Messages by quarter hours"),
    axes: axes((n) => Number.isInteger(n) ? n.toLocaleString("en-GB") : ""),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 4)] } },
    series: [at,
      { label: "In (bars)", stroke: ACCENT, fill: faint(ACCENT), paths: bars, points: { show: false }, value: number },
      { label: "Delivered (line)", stroke: SOON, width: 2, paths: steps, points: { show: false }, value: number }],
  }, data.slice(0, 3), box);
  const latency = new uPlot({
    ...base("From planned to delivered"),
    axes: axes((s) => s === 86400 ? "1 day" : took(s)).map((one, n) => n ? { ...one, splits: (u) => MARKS.filter((s) => s <= u.scales.y.max), filter: (_, all) => all } : one),
    scales: { y: { distr: 3, range: (_, low, high) => [0.1, Math.max(10, (high || 1) * 2)] } },
    series: [at,
      { label: "Half within (circles)", stroke: ACCENT, width: 2, spanGaps: false, points: { show: true, size: 6 }, value: (_, s) => took(s) },
      { label: "95 of 100 within (dashes)", stroke: SOON, width: 2, dash: [6, 4], spanGaps: false, points: { show: true, size: 4 }, value: (_, s) => took(s) }],
  }, [data[0], data[3], data[4]], box);
  const queue = new uPlot({
    ...base("Waiting at the end of each quarter hour"),
    axes: axes((n) => Number.isInteger(n) ? n.toLocaleString("en-GB") : ""),
    scales: { y: { range: (_, low, high) => [0, Math.max(high, 4)] } },
    series: [at, { label: "Waiting", stroke: SOON, fill: faint(SOON), width: 2, paths: steps, points: { show: false }, value: number }],
  }, [data[0], data[5]], box);
  const age = new uPlot({
    ...base("How long the oldest of these had waited"),
    axes: axes((s) => s === 86400 ? "1 day" : took(s)).map((one, n) => n ? { ...one, splits: (u) => MARKS.filter((s) => s <= u.scales.y.max), filter: (_, all) => all } : one),
    scales: { y: { distr: 3, range: (_, low, high) => [0.1, Math.max(10, (high || 1) * 2)] } },
    series: [at, { label: "The oldest", stroke: SOON, width: 2, paths: steps, spanGaps: false, points: { show: true, size: 5 }, value: (_, s) => words(s) }],
  }, [data[0], data[6]], box);
  const some = (fresh) => {
    latency.root.hidden = fresh[4].every((s) => s == null);
    queue.root.hidden = age.root.hidden = fresh[5].every((n) => !n);
  };
  some(data);

  new MutationObserver(() => {
    const fresh = read();
    through.setData(fresh.slice(0, 3));
    latency.setData([fresh[0], fresh[3], fresh[4]]);
    queue.setData([fresh[0], fresh[5]]);
    age.setData([fresh[0], fresh[6]]);
    some(fresh);
  }).observe(document.getElementById("figures"), { childList: true, subtree: true, characterData: true, attributeFilter: ["data-s", "data-at", "data-begin"] });
  new ResizeObserver(() => {
    for (const chart of [through, latency, queue, age]) {
      if (chart.width !== box.clientWidth) chart.setSize({ width: box.clientWidth, height: 200 });
    }
  }).observe(box);
  box.setAttribute("data-drawn", "");
})();
