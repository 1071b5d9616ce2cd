// What 1,000 open pages do to a server that restarts or is down for a minute.
//
//   node benchmarks/storms.mjs [--quick]
//
// The pages are simulated, their clock is virtual and their chance seeded; the rules are
// those of the shipped refresh_schedule.js. The exit status is 1 where a goal is missed.

import {
  backOff, nextDelay, readInterval, readRetryAfter, TIMEOUT,
} from "../flask_ops_refresh/static/refresh_schedule.js";

const TABS = 1000;
const STEADY_SECONDS = 120;
const AFTERWARDS_SECONDS = 120;
const LATENCY_SECONDS = 0.02;
// The load is counted in slots in which so many requests usually arrive.
const SLOT_REQUESTS = 50;

const RESTART_SECONDS = 5;
const SPIKE_GOAL = 2;
const SPIKE_INTERVALS = 4;
const OUTAGE_SECONDS = 60;
const COST_GOAL = 4.1;
const BACK_GOAL_SECONDS = 25;
const BACK_SHARE = 0.95;

/** Uniform numbers below 1 from a seed (mulberry32). */
function seeded(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** Things to happen, the soonest first (a binary heap). */
class Agenda {
  entries = [];

  add(entry) {
    const { entries } = this;
    let at = entries.push(entry) - 1;
    while (at) {
      const parent = (at - 1) >> 1;
      if (entries[parent].at <= entry.at) break;
      entries[at] = entries[parent];
      at = parent;
    }
    entries[at] = entry;
  }

  next() {
    const { entries } = this;
    const first = entries[0];
    const last = entries.pop();
    if (!entries.length || first === undefined) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= entries.length) break;
      if (child + 1 < entries.length && entries[child + 1].at < entries[child].at) child += 1;
      if (entries[child].at >= last.at) break;
      entries[at] = entries[child];
      at = child;
    }
    entries[at] = last;
    return first;
  }
}

// How a server is down until a moment: when a request of `at` settles, and how. The goals
// of an outage are for a server that is down; one that hangs is left alone by itself.
const BEHAVIOURS = {
  "refuses": { isGoal: true, settle: (at) => ({ settled: at }) },
  "502": { isGoal: true, settle: (at) => ({ settled: at + LATENCY_SECONDS }) },
  "503, after 5 s": {
    isGoal: true, settle: (at) => ({ settled: at + LATENCY_SECONDS, retryAfter: "5" }),
  },
  "503, by a date": {
    isGoal: true,
    settle: (at, until) => ({
      settled: at + LATENCY_SECONDS, retryAfter: new Date(until * 1000).toUTCString(),
    }),
  },
  "hangs, resets": {
    settle: (at, until) => ({ settled: Math.min(until, at + TIMEOUT) }),
  },
  "hangs, answers": {
    settle: (at, until) =>
      until < at + TIMEOUT ? { settled: until, isAnswered: true } : { settled: at + TIMEOUT },
  },
};

// What the server tells how large a part of the pages, in seconds. Only a run's first ten
// seconds are at 1 s, too few to be a storm of their own: those figures have no goal.
const PAGES = [
  { name: "lists, 5 s", intervals: [[5, 1]], isGoal: true },
  { name: "runs, packs, 10 s", intervals: [[10, 1]], isGoal: true },
  { name: "all kinds", intervals: [[1, 0.1], [5, 0.45], [10, 0.45]], isGoal: true },
  { name: "new runs, 1 s", intervals: [[1, 1]], isGoal: false },
];

/**
 * The requests of the pages, before, while and after a server is down.
 *
 * Without a behaviour the server is never down, but all pages ask in the same moment.
 */
function simulate({ behaviour, intervals, seconds, seed }) {
  const random = seeded(seed);
  const down = behaviour ? STEADY_SECONDS : Infinity;
  const until = STEADY_SECONDS + seconds;
  const agenda = new Agenda();
  const arrivals = [];
  const tabs = [];
  for (const [interval, part] of intervals) {
    for (let i = 0; i < TABS * part; i += 1) {
      const tab = { interval: readInterval(String(interval)), failures: 0, lost: 0, back: null };
      tabs.push(tab);
      agenda.add({ at: behaviour ? random() * interval : STEADY_SECONDS, tab });
    }
  }
  const end = until + AFTERWARDS_SECONDS;
  for (let entry = agenda.next(); entry && entry.at < end; entry = agenda.next()) {
    const { at, tab } = entry;
    arrivals.push(at);
    const isDown = at >= down && at < until;
    const { settled, isAnswered, retryAfter } = isDown
      ? behaviour.settle(at, until)
      : { settled: at + LATENCY_SECONDS, isAnswered: true };
    if (isDown) tab.lost += 1;
    if (isAnswered) {
      if (settled >= until) tab.back ??= settled - until;
      tab.failures = 0;
      agenda.add({ at: settled + nextDelay(tab.interval, settled - at, random()), tab });
    } else {
      tab.failures += 1;
      const asked = readRetryAfter(retryAfter ?? null, settled * 1000);
      const delay = backOff(tab.interval, tab.failures, asked, random());
      agenda.add({ at: settled + delay, tab });
    }
  }
  return { arrivals, tabs, until };
}

/** The busiest slot since a moment, as a multiple of the usual load. */
function spike(arrivals, since, intervals) {
  const slot = SLOT_REQUESTS / load(intervals);
  const counts = new Map();
  for (const at of arrivals) {
    if (at < since) continue;
    const which = Math.floor((at - since) / slot);
    counts.set(which, (counts.get(which) ?? 0) + 1);
  }
  return Math.max(...counts.values()) / SLOT_REQUESTS;
}

/** Requests a second, as long as all is well. */
function load(intervals) {
  return intervals.reduce((sum, [seconds, part]) => sum + (TABS * part) / seconds, 0);
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function quantile(values, part) {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1];
}

/** The spike after a restart, at its worst in all simulations. */
function restart(behaviour, intervals, seeds) {
  const calm = SPIKE_INTERVALS * Math.max(...intervals.map(([seconds]) => seconds));
  return Math.max(...seeds.map((seed) => {
    const seconds = behaviour ? RESTART_SECONDS : 0;
    const { arrivals, until } = simulate({ behaviour, intervals, seconds, seed });
    return spike(arrivals, until + calm, intervals);
  }));
}

/** What a minute's outage costs a tab, and how soon most tabs are back. */
function outage(behaviour, intervals, seeds) {
  const tabs = seeds.flatMap((seed) =>
    simulate({ behaviour, intervals, seconds: OUTAGE_SECONDS, seed }).tabs);
  return {
    cost: mean(tabs.map(({ lost }) => lost)),
    back: quantile(tabs.map(({ back }) => back ?? Infinity), BACK_SHARE),
  };
}

const missed = [];

/** A figure as the table shows it; one above its goal is remembered. */
function checked(name, figure, goal) {
  if (figure > goal) missed.push(`${name}: ${figure.toFixed(2)} is more than ${goal}`);
  return figure.toFixed(2) + (figure > goal ? " !" : "");
}

const seeds = process.argv.includes("--quick") ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
console.log(`${TABS} pages, seeds ${seeds.join(" ")}. Goals: after ${SPIKE_INTERVALS} intervals no spike`);
console.log(`over ${SPIKE_GOAL} times the usual load; a minute's outage at most ${COST_GOAL} requests a page,`);
console.log(`and ${BACK_SHARE * 100} % back within ${BACK_GOAL_SECONDS} s. Without a goal in parentheses.\n`);
console.log("| pages | server | spike | requests | back, s |");
console.log("|---|---|---|---|---|");
for (const { name, intervals, isGoal } of PAGES) {
  const inStep = restart(null, intervals, seeds).toFixed(2);
  console.log(`| ${name} | up; all in step | (${inStep}) | | |`);
  for (const [words, behaviour] of Object.entries(BEHAVIOURS)) {
    const row = `${name}, ${words}`;
    const figure = checked(`${row}, spike`, restart(behaviour, intervals, seeds), SPIKE_GOAL);
    const { cost, back } = outage(behaviour, intervals, seeds);
    const figures = isGoal && behaviour.isGoal
      ? `${checked(`${row}, requests`, cost, COST_GOAL)} | ${checked(`${row}, back`, back, BACK_GOAL_SECONDS)}`
      : `(${cost.toFixed(2)}) | (${back.toFixed(2)})`;
    console.log(`| ${name} | ${words} | ${figure} | ${figures} |`);
  }
}
for (const each of missed) console.error(`Missed: ${each}`);
process.exitCode = missed.length ? 1 : 0;
