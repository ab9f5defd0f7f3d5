/**
 * Ends the process without resetting a request: functions-framework exits at once on SIGTERM, whatever is under way.
 *
 * Node tells of each request through `diagnostics_channel` before any handler sees it, so that a request whose body is
 * still arriving counts as well, and no handler has to be wrapped.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Server, ServerResponse } from 'node:http';

/** Cloud Run kills 10 s after SIGTERM (https://cloud.google.com/run/docs/container-contract#instance-shutdown); what is left is for saying what was cut. */
const GRACE_MS = 9_500;

/** https://nodejs.org/api/diagnostics_channel.html#event-httpserverrequeststart */
export const REQUEST_START = 'http.server.request.start';

export interface RequestStart {
  response: ServerResponse;
  server: Server;
}

/** In a list that is as long as what is under way, and overwrites what has left: a Set keeps that in tables it no longer uses. */
interface Answering {
  readonly response: ServerResponse;
  place: number;
}

export interface DrainOptions {
  /** Default SIGTERM and SIGINT. A second signal ends the process at once. */
  signals?: readonly NodeJS.Signals[];
  /** How long requests under way may take to finish, in milliseconds. */
  graceMs?: number;
  /** Told how many requests the end of the grace period cut off. */
  onCut?(requests: number): void;
}

/**
 * To be called once, when the functions are registered. From the first request on, a signal stops the server from
 * accepting, closes idle connections, lets requests under way finish (those that still come in on open connections
 * too), and exits with 0. What the grace period cuts off is answered 503, and the exit code is 1. Before the first request functions-framework's own
 * handlers apply: they are registered after ours could be, and there is nothing to lose yet.
 *
 * Returns what undoes it and an AbortSignal that fires when draining begins, for responses that would never end.
 */
export function installDrain(options: DrainOptions = {}): { draining: AbortSignal; uninstall(): void } {
  const signals = options.signals ?? ['SIGTERM', 'SIGINT'];
  const servers = new Set<Server>();
  const underWay: Answering[] = [];
  const draining = new AbortController();
  let armed = false;

  function onRequest(message: unknown): void {
    const { response, server } = message as RequestStart;
    if (!armed) arm();
    servers.add(server);
    const answering = { response, place: underWay.length };
    underWay.push(answering);
    if (draining.signal.aborted) response.setHeader('Connection', 'close');
    response.once('close', () => {
      leave(answering.place);
      if (draining.signal.aborted) finishIfDone();
    });
  }

  /** The last one takes the place. */
  function leave(place: number): void {
    const last = underWay.pop();
    if (!last || last.place === place) return;
    underWay[place] = last;
    last.place = place;
  }

  function arm(): void {
    armed = true;
    for (const signal of signals) {
      process.removeAllListeners(signal);
      process.on(signal, onSignal);
    }
  }

  function onSignal(): void {
    if (draining.signal.aborted) process.exit(1);
    for (const server of servers) server.close();
    for (const { response } of underWay) if (!response.headersSent) response.setHeader('Connection', 'close');
    setTimeout(cut, options.graceMs ?? GRACE_MS);
    draining.abort();
    finishIfDone();
  }

  function finishIfDone(): void {
    if (underWay.length === 0) process.exit(0);
    // A response whose headers were out before the signal leaves its connection open.
    for (const server of servers) server.closeIdleConnections();
  }

  function cut(): void {
    options.onCut?.(underWay.length);
    for (const { response } of underWay) {
      if (response.headersSent) continue;
      response.statusCode = 503;
      response.end();
    }
    process.exit(1);
  }

  subscribe(REQUEST_START, onRequest);
  return {
    draining: draining.signal,
    uninstall() {
      unsubscribe(REQUEST_START, onRequest);
      for (const signal of signals) process.removeListener(signal, onSignal);
    },
  };
}
