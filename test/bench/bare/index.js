/** What ingest is measured against: a function that takes the same request and only answers 204. */

const { http } = require('@google-cloud/functions-framework');

http('bare', (_request, response) => {
  response.status(204).end();
});
