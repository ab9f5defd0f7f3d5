/** The program that starts a function in the cloud: https://github.com/GoogleCloudPlatform/functions-framework-nodejs */

export const FRAMEWORK = new URL(
  '../../node_modules/@google-cloud/functions-framework/build/src/main.js',
  import.meta.url,
).pathname;

/**
 * What V8 gives itself of the 512 MiB of a deployed function, with the NODE_OPTIONS of infra/functions.tf: a machine with more memory
 * would measure what nobody deploys.
 */
export const NODE_OPTIONS = '--max-old-space-size=256 --max-semi-space-size=16';
