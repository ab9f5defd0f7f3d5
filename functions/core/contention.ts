/** The store is there, and others changed the same documents at each attempt: worth another one, and no outage. */
export class ContentionError extends Error {
  override readonly name = 'ContentionError';
  constructor(attempts: number) {
    super(`the documents changed under each of ${attempts} attempts`);
  }
}
