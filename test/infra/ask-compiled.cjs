'use strict';

/**
 * `node ask-compiled.cjs DIST FILE...`: loads files of an unpacked bundle as index.js does once a start is over. Prints which of
 * them Node did not take as they were compiled, and how many bytes main.js has compiled without having run.
 */

const { readFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { Script } = require('node:vm');

const [folder, ...files] = process.argv.slice(2);
const { load, loaded } = require(join(folder, 'index.js'));
setFlagsFromString('--no-allocation-site-pretenuring');
for (const file of files) load(file);
setFlagsFromString('--allocation-site-pretenuring');
const unrun = new Script(wrap(readFileSync(join(folder, 'main.js'), 'utf8'))).createCachedData().length;
const rejected = files.filter((file) => loaded.get(file).script.cachedDataRejected !== false);
console.log(JSON.stringify({ rejected, unrun }));
process.exit(0);
