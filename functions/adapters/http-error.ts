/** What an outbound request can end with other than an answer. */

/** `forbidden`: the guard refused the address. `network`: no answer; `code` says what the system said. */
export type HttpErrorKind = 'forbidden' | 'timeout' | 'aborted' | 'network';

export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly kind: HttpErrorKind;
  readonly code: string;
  constructor(kind: HttpErrorKind, code: string) {
    super(`${kind}: ${code}`);
    this.kind = kind;
    this.code = code;
  }
}
