/** The local Loki as a process of its own, for what does not measure Loki. Takes a port; counts pushes as Loki does. */

import { createServer } from 'node:http';
import { createLocalLoki } from '../../functions/local/loki.ts';

const loki = createLocalLoki({ clock: Date.now, maxEntries: 1_000 });
let pushes = 0;
const server = createServer((request, response) => {
  if (request.method === 'POST') pushes += 1;
  void loki.handle(request, response).then((handled) => {
    if (!handled) response.end(`loki_request_duration_seconds_count{route="loki_api_v1_push"} ${pushes}\n`);
  });
});
server.listen(Number(process.argv[2]), '127.0.0.1');
