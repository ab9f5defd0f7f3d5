/** The schema of `links` in pipeline.yaml: where a page's links lead. */

import * as z from 'zod';
import type { LinkOptions } from './links.ts';

const address = z.url({ protocol: /^https?$/, error: 'not an http(s) address' });

export const linkOptions: z.ZodType<LinkOptions> = z.strictObject({
  grafana: address.optional().describe("Grafana's address; a path below its host is kept."),
  loki_datasource: z.string().min(1).optional().describe('The uid of the Loki data source in Grafana.'),
  dashboard: z
    .boolean()
    .optional()
    .describe("False leaves the incident dashboard out, for a Grafana that does not have the chart's."),
  runbooks: address.optional().describe("What runbooks begin with; the rule's slug is appended."),
  console: z.boolean().optional().describe('False leaves the Google Cloud console out.'),
});
