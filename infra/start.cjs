'use strict';

/**
 * Part of the bundle, and its index.js: runs main.js and the files that it loads from what V8 compiled of them after they had
 * run once, where compile.js left that beside them. Node's own compile cache holds a file as it was before it ran, so each start
 * would compile every function at its first call. What does not fit this Node is passed by, and compiled anew.
 */

const { readFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { join } = require('node:path');
const { cachedDataVersionTag, setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

/** Of V8's flags as they are at a start. */
const STARTED = cachedDataVersionTag();

/** What was loaded, by its file's name: its exports, and its script. */
const loaded = new Map();

/** V8 compares versions, flags and lengths; that both files come of one build is the build's to see to. */
function compiledOf(path) {
  try {
    return readFileSync(`${path}.cache`);
  } catch {
    return undefined;
  }
}

/** Under the flags of a start, since V8 takes nothing that was compiled under others: serve.ts sets one once a start is over. */
function compile(filename) {
  const isOver = cachedDataVersionTag() !== STARTED;
  if (isOver) setFlagsFromString('--allocation-site-pretenuring');
  const script = new Script(wrap(readFileSync(filename, 'utf8')), { filename, cachedData: compiledOf(filename) });
  if (isOver) setFlagsFromString('--no-allocation-site-pretenuring');
  return script;
}

/** A file of the bundle, as `require` gives it. */
function load(name) {
  const known = loaded.get(name);
  if (known) return known.module.exports;
  const filename = join(__dirname, name);
  const script = compile(filename);
  const module = { exports: {} };
  loaded.set(name, { module, script });
  const requireFrom = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));
  script.runInThisContext().call(module.exports, module.exports, requireFrom, module, filename, __dirname);
  return module.exports;
}

load('main.js');
module.exports = { load, loaded };
