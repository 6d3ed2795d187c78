/** Why a service cannot start, in a plain sentence, with what to do about it. */
export class StartFailure extends Error {
  constructor(
    message: string,
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StartFailure';
  }
}
