/** The program that starts a function in the cloud: https://github.com/GoogleCloudPlatform/functions-framework-nodejs */

export const FRAMEWORK = new URL(
  '../../node_modules/@google-cloud/functions-framework/build/src/main.js',
  import.meta.url,
).pathname;
