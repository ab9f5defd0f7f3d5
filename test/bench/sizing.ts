/** `npm run sizing`: measures what an event asks for and prints the tables of docs/sizing.md. Takes a minute, needs nothing. */

import { measureAll } from './sizing-rates.ts';
import { sizingTables } from './sizing-tables.ts';

console.log(sizingTables(await measureAll()));
